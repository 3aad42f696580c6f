import type { SystemDatabase } from '../db/database.ts'
import { sqlFile } from '../sql.ts'

export type TextColumn = { name: string; kind: 'text' | 'json' | 'list' }

/** A table whose rows may name a customer. */
export type TextTable = {
  name: string
  /**
   * client: its rows are hidden from other clients by the database. log: the audit log, whose rows say which client
   * they are about.
   */
  scope: 'client' | 'log'
  /** The column that is a customer's id and nothing else; null: it has none. */
  customerColumn: string | null
  /** The others, in which a customer may be mentioned. */
  columns: TextColumn[]
  /** Those that name somebody or something else: see NAMESAKES. */
  namesakes: TextColumn[]
}

/**
 * Columns that name somebody or something else than a customer, and why. An agent may have the id of a customer, the
 * one by work and the other by buying: the erased customer is then named there no more than a namesake is. `*` stands
 * for every table, or every column.
 */
export const NAMESAKES: Record<string, string> = {
  '*.client_id': 'a client',
  '*.agent_id': 'an agent',
  '*.sector_id': 'a sector',
  '*.campaign_id': 'a campaign',
  '*.provider_id': 'a provider',
  '*.requested_by': 'whoever asked for it',
  '*.member': 'a member of a roll-up, none of which is a customer',
  'agents.*': 'an agent',
  'sectors.*': 'a sector',
  'campaigns.*': 'a campaign',
  'clients.*': 'a client',
  'call_quality_scores.reviewer': 'whoever reviewed the call',
  'goals.owner': 'whoever answers for the goal',
  'schedules.owner_address': 'who hears when a report fails',
  'schedule_recipients.*': 'who gets a report',
  'deliveries.address': 'who gets a report',
  'alert_notices.address': 'who is told of an alert',
  'analytics_audit_log.actor_id': 'who changed something',
  'analytics_audit_log.actor_name': 'who changed something',
  'analytics_audit_log.outcome': 'what became of a change',
  'analytics_audit_log.code': 'why it failed',
  'analytics_audit_log.ip': 'from where something was changed',
  'erasures.pending_id': 'the erasure itself, until it is finished',
  'erasures.pending_name': 'the erasure itself, until it is finished',
}

/** Tables of the whole system that know no client's customers, and why. */
export const SYSTEM_TABLES: Record<string, string> = {
  api_keys: 'keys of programs',
  client_logins: 'roles of the database and their random passwords',
  client_proofs: 'a random secret',
  fact_tables: 'names of tables',
  idempotency_keys: 'answers to programs, kept for a day',
  known_addresses: 'from where people sign in, as hashes',
  nodes: 'the processes that are running',
  schema_files: 'what has been done to the schema',
  sessions: 'people who are signed in',
  sign_in_failures: 'names that were tried, as hashes',
  users: 'people who sign in',
}

const AUDIT_LOG = 'analytics_audit_log'

type Row = {
  table_name: string
  column_name: string
  kind: TextColumn['kind']
  is_tenants: boolean
  has_client: boolean
}

const findTextColumns = sqlFile<Row>(import.meta.dirname, 'text-columns.sql')

/** Every table that may name a customer of one client, as the schema is now: a table made tomorrow is in it, too. */
export async function textTables(db: SystemDatabase): Promise<TextTable[]> {
  const rows = await findTextColumns(db, [])
  return [...Map.groupBy(rows, (row) => row.table_name)].flatMap(([name, columns]) => {
    const isTenants = columns[0]?.is_tenants === true
    if (!isTenants && name !== AUDIT_LOG) return []
    const customerColumn = columns.find(isCustomerColumn)?.column_name ?? null
    const others = columns.filter((row) => row.column_name !== customerColumn)
    const scope = isTenants ? ('client' as const) : ('log' as const)
    return [
      {
        name,
        scope,
        customerColumn,
        columns: others.filter((row) => !isNamesake(row)).map(columnOf),
        namesakes: others.filter(isNamesake).map(columnOf),
      },
    ]
  })
}

function isCustomerColumn({ table_name, column_name }: Row): boolean {
  return column_name === 'customer_id' || (table_name === 'customers' && column_name === 'id')
}

function isNamesake({ table_name, column_name }: Row): boolean {
  return [`*.${column_name}`, `${table_name}.*`, `${table_name}.${column_name}`].some((entry) => entry in NAMESAKES)
}

function columnOf({ column_name, kind }: Row): TextColumn {
  return { name: column_name, kind }
}
