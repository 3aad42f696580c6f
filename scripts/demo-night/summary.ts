import { sql } from 'kysely'
import type { SystemDatabase } from '../../src/db/database.ts'
import { print, printTable } from '../../src/main/print.ts'

/** Says what ran since an instant, with the files and the mails that came of it, and every failure with its reason. */
export async function printSummary(db: SystemDatabase, at: Temporal.Instant): Promise<void> {
  const ran = await runRows(db, at)
  const since = ran.length > 0 ? at : at.subtract({ hours: 24 })
  if (ran.length === 0) print('Nothing was left to do. What ran in the last 24 hours:')
  section('What ran', ['job', 'runs', 'succeeded', 'failed', 'total', 'slowest'], await runRows(db, since))
  section('Files', ['client', 'report', 'period', 'file', 'size'], await fileRows(db, since))
  section('Mails', ['client', 'to', 'report', 'formats', 'state'], await mailRows(db, since))
  section('What failed', ['client', 'job', 'reason'], await failureRows(db, since))
}

function section(title: string, header: string[], rows: string[][]): void {
  if (rows.length === 0) return
  print()
  print(`${title}:`)
  print()
  printTable([header, ...rows])
}

async function runRows(db: SystemDatabase, since: Temporal.Instant): Promise<string[][]> {
  const { rows } = await sql<{
    job: string
    runs: number
    succeeded: number
    failed: number
    total_s: number
    slowest_s: number
  }>`
    select job, count(*)::int as runs,
      count(*) filter (where state = 'succeeded')::int as succeeded,
      count(*) filter (where state = 'failed')::int as failed,
      coalesce(sum(extract(epoch from finished_at - started_at)), 0)::double precision as total_s,
      coalesce(max(extract(epoch from finished_at - started_at)), 0)::double precision as slowest_s
    from runs where finished_at >= ${since.toString()}
    group by job order by min(started_at)`.execute(db)
  return rows.map((row) => [
    row.job,
    String(row.runs),
    String(row.succeeded),
    String(row.failed),
    seconds(row.total_s),
    seconds(row.slowest_s),
  ])
}

async function fileRows(db: SystemDatabase, since: Temporal.Instant): Promise<string[][]> {
  const rows = await db
    .selectFrom('execution_files as f')
    .innerJoin('executions as e', (join) =>
      join.onRef('e.client_id', '=', 'f.client_id').onRef('e.id', '=', 'f.execution_id'),
    )
    .select(['e.client_id', 'e.report', 'e.window_from', 'e.window_to', 'f.file_name', 'f.size_bytes'])
    .where('e.finished_at', '>=', since.toString())
    .orderBy('e.client_id')
    .orderBy('e.report')
    .orderBy('f.format')
    .execute()
  return rows.map((row) => [row.client_id, row.report, periodText(row), row.file_name, size(row.size_bytes)])
}

async function mailRows(db: SystemDatabase, since: Temporal.Instant): Promise<string[][]> {
  const rows = await db
    .selectFrom('deliveries as d')
    .innerJoin('executions as e', (join) =>
      join.onRef('e.client_id', '=', 'd.client_id').onRef('e.id', '=', 'd.execution_id'),
    )
    .select(['d.client_id', 'd.address', 'd.formats', 'd.state', 'e.report'])
    .where('d.created_at', '>=', since.toString())
    .orderBy('d.client_id')
    .orderBy('e.report')
    .orderBy('d.address')
    .execute()
  return rows.map((row) => [row.client_id, row.address, row.report, row.formats.join(' '), row.state])
}

async function failureRows(db: SystemDatabase, since: Temporal.Instant): Promise<string[][]> {
  const rows = await db
    .selectFrom('runs')
    .select(['client_id', 'job', 'key', 'error_message'])
    .where('state', '=', 'failed')
    .where('finished_at', '>=', since.toString())
    .orderBy('finished_at')
    .limit(20)
    .execute()
  return rows.map((row) => [row.client_id ?? '', `${row.job} ${row.key}`, row.error_message ?? 'no reason was noted'])
}

/** The days of a window, the last one included. */
function periodText({ window_from, window_to }: { window_from: string; window_to: string }): string {
  const last = Temporal.PlainDate.from(window_to).subtract({ days: 1 }).toString()
  return last === window_from ? last : `${window_from} to ${last}`
}

function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
