import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { sql } from 'kysely'
import { renderReport } from '../../src/jobs/render-report.ts'
import { on, type RunRequest } from '../../src/queues/index.ts'
import { planAgain, planRuns } from '../../src/queues/runs/plan-runs.ts'
import type { ReportFormat } from '../../src/reports/document.ts'
import { given } from '../support/given.ts'
import { givenReportSchedule } from '../support/report-schedules.ts'
import type { World } from './world.ts'

const DAY = '2026-03-02'
const NEXT_DAY = '2026-03-03'
const CLIENTS = 20

/**
 * Clients with a day of calls and payments each, and `reports` schedules of it, each with one recipient of its own.
 * Returns what to ask for: one report a schedule.
 */
export async function makeReports(
  { db }: World,
  reports: number,
  formatsOf: (index: number) => ReportFormat[],
): Promise<RunRequest[]> {
  const clients = Array.from({ length: Math.min(CLIENTS, reports) }, (_, index) => `client-${index}`)
  for (const id of clients) await makeClient(db, id)
  const requests: RunRequest[] = []
  for (let index = 0; index < reports; index += 1) {
    const clientId = clients[index % clients.length] as string
    const formats = formatsOf(index)
    const report = index % 2 === 0 ? 'performance' : 'monthly-revenue'
    const recipients = [{ address: `reader-${index}@acme.example`, formats: formats.slice(0, 1) }]
    // What is due, the fault decides.
    const about = { clientId, name: `s-${index}`, recipients, asked: { report, formats } } as const
    const scheduleId = await givenReportSchedule(db, about)
    requests.push(on(renderReport, { clientId, report, from: DAY, to: NEXT_DAY, formats, scheduleId, request: null }))
  }
  return requests
}

async function makeClient(db: World['db'], client_id: string): Promise<void> {
  await given.client(db, { id: client_id, name: client_id })
  await given.calls(
    db,
    [9, 11, 15].map((hour) => [`${DAY}T${String(hour).padStart(2, '0')}:00:00Z`, { client_id, talk_s: 60 * hour }]),
  )
  await given.payments(db, [[`${DAY}T10:00:00Z`, { client_id, amount_minor: 1999, customer_id: 'c-1' }]])
}

/** Plans runs as a schedule does. */
export async function planNightly({ db }: World, requests: RunRequest[]): Promise<void> {
  await planRuns(
    db,
    requests.map((request) => ({ request, options: { origin: 'schedule', requestedBy: null, priority: 2 } })),
  )
}

/** How many runs have not ended. */
export async function openRuns({ db }: World): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from runs where state in ('planned', 'queued', 'running')`.execute(db)
  return rows[0]?.n ?? 0
}

/** What people got of the reports they asked for, as the mail server and the object store know it. */
export type ReportCount = {
  /** Runs that did not end well, but for copies that are shown as unknown. */
  lost: string[]
  /** Copies that nobody knows the fate of, and of these those that never left. */
  unknown: number
  unsent: string[]
  mails: number
  /** Recipients who got more than one mail, or none although it is on record as sent. */
  mailedTwice: string[]
  missed: string[]
  objects: number
  /** Executions and formats that have other than one object. */
  notOnce: string[]
  /** Objects that are not byte for byte what was rendered. */
  half: string[]
}

/** Counts when all runs have ended. */
export async function countReports(world: World): Promise<ReportCount> {
  const { rows: lost } = await sql<{ run: string }>`
    select job || ' ' || key || ': ' || state || ' ' || coalesce(error_message, '') as run from runs
    where state <> 'succeeded' and error_code is distinct from 'delivery-unknown'`.execute(world.db)
  const deliveries = await world.db.selectFrom('deliveries').select(['id', 'address', 'state']).execute()
  const mails = new Map<string, number>()
  for (const address of world.smtp.received.flatMap(({ to }) => to)) mails.set(address, (mails.get(address) ?? 0) + 1)
  const unknown = deliveries.filter(({ state }) => state === 'unknown')
  return {
    lost: lost.map(({ run }) => run),
    unknown: unknown.length,
    unsent: unknown.filter(({ address }) => !mails.has(address)).map(({ id }) => id),
    mails: world.smtp.received.length,
    mailedTwice: [...mails].filter(([, count]) => count > 1).map(([address]) => address),
    missed: deliveries.filter(({ address, state }) => state === 'sent' && !mails.has(address)).map((d) => d.address),
    ...(await countObjects(world)),
  }
}

async function countObjects({ db, store }: World): Promise<Pick<ReportCount, 'objects' | 'notOnce' | 'half'>> {
  const files = await db
    .selectFrom('execution_files')
    .select(['execution_id', 'format', 'object_key', 'sha256'])
    .execute()
  // What a health probe of some process has there for a moment is no report's.
  const keys = (await Array.fromAsync(store.list(''))).filter((key) => !key.startsWith('probe/'))
  const wanted = new Map(files.map((file) => [file.object_key, file]))
  const half: string[] = []
  for (const [key, file] of wanted) {
    if (!keys.includes(key)) continue
    const bytes = await buffer((await store.get(key)).body)
    if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) half.push(key)
  }
  return {
    objects: keys.length,
    notOnce: [
      ...keys.filter((key) => !wanted.has(key)).map((key) => `${key} belongs to nothing`),
      ...[...wanted.keys()].filter((key) => !keys.includes(key)).map((key) => `${key} is gone`),
    ],
    half,
  }
}

/**
 * What a person does about copies whose fate nobody knows, once they have asked the recipient: retry those that never
 * came.
 */
export async function retryUnsent({ db }: World, { unsent }: ReportCount): Promise<void> {
  if (unsent.length === 0) return
  const runs = await db
    .selectFrom('runs')
    .select('id')
    .where('job', '=', 'deliver-copy')
    .where(sql<string>`payload ->> 'deliveryId'`, 'in', unsent)
    .execute()
  await planAgain(db, runs, ['failed'], { origin: 'person', requestedBy: 'the recipient said so', priority: 1 })
}
