import type { Dimension, FilterDimension, Filters } from '../../analytics/questions/index.ts'
import type { ClientDatabase } from '../../db/database.ts'
import type { Block } from '../document.ts'
import { note } from './notes.ts'

/** How members of a dimension are named. */
type Naming = {
  /** What one of them is called. */
  noun: string
  /** The name of those that belong to none. */
  none: string
  /** Where their names are; null: they are called what they are. */
  table: 'agents' | 'sectors' | 'campaigns' | null
}

const NAMINGS: Record<FilterDimension, Naming> = {
  agent: { noun: 'Agent', none: '(no agent)', table: 'agents' },
  sector: { noun: 'Sector', none: '(no sector)', table: 'sectors' },
  channel: { noun: 'Channel', none: '(no channel)', table: null },
  campaign: { noun: 'Campaign', none: '(no campaign)', table: 'campaigns' },
  provider: { noun: 'Provider', none: '(no provider)', table: null },
  'customer-role': { noun: 'Customer role', none: '(not known)', table: null },
  location: { noun: 'Country', none: '(not stated)', table: null },
}

export function nounOf(dimension: FilterDimension): string {
  return NAMINGS[dimension].noun
}

/** What the members of a dimension are called. */
export async function memberNames(
  db: ClientDatabase,
  clientId: string,
  dimension: Dimension,
): Promise<(member: string) => string> {
  if (dimension === 'client') return () => ''
  const { none, table } = NAMINGS[dimension]
  const rows =
    table === null ? [] : await db.selectFrom(table).select(['id', 'name']).where('client_id', '=', clientId).execute()
  const names = new Map(rows.map(({ id, name }) => [id, name]))
  return (member) => (member === '' ? none : (names.get(member) ?? member))
}

/** What a report is narrowed to, in words: "Sector: Sales, Support". */
export async function narrowingOf(db: ClientDatabase, clientId: string, filters: Filters): Promise<string[]> {
  const words: string[] = []
  for (const [name, members] of Object.entries(filters)) {
    const dimension = name as FilterDimension
    const nameOf = await memberNames(db, clientId, dimension)
    words.push(`${nounOf(dimension)}: ${members.map(nameOf).join(', ')}`)
  }
  return words
}

/** That a report is not about the client as a whole. */
export function narrowingNotes(narrowing: readonly string[]): Block[] {
  return narrowing.length === 0 ? [] : [note('info', `This report is narrowed down. ${narrowing.join('. ')}.`)]
}
