import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompiledQuery } from 'kysely'
import type { ClientTransaction } from '../../../db/database.ts'
import { prepareAs } from '../../../sql.ts'
import type { Day } from '../../../time.ts'
import { componentsOf, type FamilyName, isFamily } from '../components.ts'
import { DIMENSIONS } from '../dimensions.ts'

/** One local day of one client, with the settings its sums depend on. `from` and `to` are its half-open instants. */
export type DayOfClient = {
  clientId: string
  day: Day
  from: string
  to: string
  timeZone: string
  currency: string
  serviceLevelS: number
  shortAbandonS: number
  cancelHours: number
}

/** Writes something of a day, within the transaction of its roll-up, after the day's rows were deleted. */
export type DayStep = (tx: ClientTransaction, day: DayOfClient) => Promise<unknown>

/** A step that is one statement, with the rows it returns. */
export type DayStatement<Row> = (tx: ClientTransaction, day: DayOfClient) => Promise<Row[]>

/**
 * A family of metrics: which components it fills, and how. Its steps leave out facts that contradict themselves, and note them in
 * quarantined_facts.
 */
export type Family = {
  name: FamilyName
  /** Write agent_metrics. The rows of daily_metrics of client, agent, sector and channel are added up from it afterwards. */
  hours: readonly DayStep[]
  /**
   * Write daily_metrics and metric_histograms, after those rows were written: `insert … on conflict (client_id, dimension, day, member)
   * do update` of the family's own columns and no others.
   */
  days: readonly DayStep[]
}

/** What a statement may name of the day, and its type there. */
const PARAMETERS: Record<string, { type: string; of: keyof DayOfClient }> = {
  client_id: { type: 'text', of: 'clientId' },
  day: { type: 'date', of: 'day' },
  from: { type: 'timestamptz', of: 'from' },
  to: { type: 'timestamptz', of: 'to' },
  time_zone: { type: 'text', of: 'timeZone' },
  currency: { type: 'text', of: 'currency' },
  service_level_s: { type: 'integer', of: 'serviceLevelS' },
  short_abandon_s: { type: 'integer', of: 'shortAbandonS' },
  cancel_hours: { type: 'integer', of: 'cancelHours' },
}

/** A step that is one statement in a .sql file, which names what it needs of the day: `where client_id = :client_id and day = :day`. */
export function dayStep<Row>(folder: string, file: string): DayStatement<Row> {
  return statementStep(readFileSync(join(folder, file), 'utf8'), file)
}

/** The same for the text of a statement; `file` is where it comes from, for errors. */
export function statementStep<Row>(statement: string, file: string): DayStatement<Row> {
  const { text, names } = numbered(statement, file)
  prepareAs(`roll-up:${file}`, text)
  return async (tx, day) => {
    const values = names.map((name) => day[name])
    return (await tx.executeQuery<Row>(CompiledQuery.raw(text, values))).rows
  }
}

/**
 * Writes out what is declared once: `{contacts: sum(#)}` is `sum(offered), sum(answered), …` for each component of the family,
 * `{contacts}` their names alone, and `{dimensions: '#'}` the same for each dimension.
 */
function writtenOut(source: string, file: string): string {
  return source.replaceAll(/\{(\w+)(?::\s*([^}]+))?\}/g, (_, list: string, form = '#') =>
    namesOf(list, file)
      .map((name) => form.replaceAll('#', name))
      .join(', '),
  )
}

function namesOf(list: string, file: string): readonly string[] {
  if (list === 'dimensions') return DIMENSIONS
  if (!isFamily(list)) throw new TypeError(`${file} names {${list}}, which is no family of metrics`)
  return componentsOf(list)
}

/** PostgreSQL knows parameters by number only. Comments go first: they may name what the statement does not use. */
function numbered(source: string, file: string): { text: string; names: (keyof DayOfClient)[] } {
  const names: (keyof DayOfClient)[] = []
  const text = writtenOut(source.replaceAll(/--.*$/gm, ''), file).replaceAll(
    /(?<!:):([a-z_]+)\b/g,
    (_, name: string) => {
      const parameter = PARAMETERS[name]
      if (parameter === undefined) throw new TypeError(`${file} names :${name}, which no day has`)
      if (!names.includes(parameter.of)) names.push(parameter.of)
      return `$${names.indexOf(parameter.of) + 1}::${parameter.type}`
    },
  )
  return { text, names }
}
