import { sql } from 'kysely'
import type { AnyDatabase } from '../../db/database.ts'
import { REPORT_FORMATS } from '../../reports/document.ts'
import type { RunState } from '../../run-state.ts'
import { sqlFile } from '../../sql.ts'
import type { Day } from '../../time.ts'

type ClientRow = {
  id: string
  name: string
  timeZone: string
  day: Day
  total: number
  succeeded: number
  failed: number
  cancelled: number
  running: number
  open: number
  beganAt: string | null
  endedAt: string | null
  /** Copies of its reports that went out; that failed or may not have arrived. */
  sent: number
  unsent: number
  /** Open runs past the deadline of their schedule. */
  lateRuns: number
  late: boolean
}

/** `stopped`: somebody cancelled a part of it. `nothing`: no run of that night is on record. */
export type NightState = 'done' | 'failed' | 'running' | 'waiting' | 'stopped' | 'nothing'

export type ClientNight = ClientRow & { state: NightState }

export type NightRun = {
  id: string
  job: string
  key: string
  state: RunState
  progress: number | null
  attempt: number
  failures: number
  plannedAt: string
  notBefore: string
  startedAt: string | null
  finishedAt: string | null
  cancelRequested: boolean
  /** Its deadline; null: none. */
  lateAt: string | null
  errorCode: string | null
  errorMessage: string | null
  /** What it waits for that has not succeeded. */
  waitsFor: { job: string; runId: string | null; state: RunState | null }[]
  /** The report it renders, and the formats that are ready. */
  report: string | null
  formats: string[]
  /** How many copies of it are in each state. */
  deliveries: Record<string, number>
}

const nightClients = sqlFile<ClientRow>(import.meta.dirname, 'night-clients.sql')
const nightRuns = sqlFile<NightRun>(import.meta.dirname, 'night-runs.sql')

/** What needs a person comes first. */
const ORDER: readonly NightState[] = ['failed', 'stopped', 'running', 'waiting', 'nothing', 'done']

/** The night of every client in sight: of one day, or of each client's last whole local day. */
export async function readNights(db: AnyDatabase, now: Temporal.Instant, day: Day | null): Promise<ClientNight[]> {
  const rows = await nightClients(db, [now.toString(), day])
  const nights = rows.map((row) => ({ ...row, state: stateOf(row) }))
  return nights.sort((a, b) => Number(b.late) - Number(a.late) || ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
}

function stateOf(row: ClientRow): NightState {
  if (row.total === 0) return 'nothing'
  if (row.failed > 0) return 'failed'
  if (row.running > 0) return 'running'
  if (row.open > 0) return 'waiting'
  return row.cancelled > 0 ? 'stopped' : 'done'
}

/** Runs shown of one client's night; a longer one is read in the list of runs. */
export const NIGHT_RUNS_MAX = 300

export async function readNightRuns(db: AnyDatabase, clientId: string, day: Day): Promise<NightRun[]> {
  return nightRuns(db, [clientId, day, NIGHT_RUNS_MAX, REPORT_FORMATS])
}

/** The youngest night on record, to lead from an empty page to a full one. Asks runs_night once for each client. */
export async function newestNight(db: AnyDatabase): Promise<Day | null> {
  const { rows } = await sql<{ night: Day | null }>`
    select max(newest.night) as night from clients c cross join lateral (
      select night from runs where client_id = c.id and night is not null order by night desc limit 1
    ) newest`.execute(db)
  return rows[0]?.night ?? null
}
