import { renderReport, scheduledReport } from '../../src/jobs/render-report.ts'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import type { Program } from '../../src/main/program.ts'
import { createProgress, type ProgressDisplay } from '../../src/main/progress.ts'
import { type Progress, waitUntilDone } from '../../src/main/work-until-done.ts'
import { on, planNight } from '../../src/queues/index.ts'
import { listReportSchedules } from '../../src/reports/schedules/report-schedules.ts'
import { dayBefore } from '../../src/time.ts'

const RETRIED_MAX = 500
const REQUESTED_BY = 'scripts/demo'

export type NightClient = { id: string; timeZone: string }
export type Night = { at: Temporal.Instant; clients: readonly NightClient[]; signal: AbortSignal }

/**
 * Runs everything that is due for the clients as of `at`: first all days that have not been added up, then the night of
 * each client's yesterday and last month's revenue report, which stand on them. On abort returns what is so far.
 */
export async function runNight(program: Program, night: Night): Promise<Progress> {
  await program.engine.startScheduler()
  await program.engine.startWorkers()
  const rolledUp = await waitFor(program, night, { unit: 'days rolled up', job: rollUpDay.name, before: 0 })
  if (night.signal.aborted) return rolledUp
  for (const client of night.clients) await planReports(program, client, night.at)
  await retryFailed(program, night)
  return waitFor(program, night, { unit: 'runs of the night', job: null, before: endedOf(rolledUp) })
}

/**
 * Waits for the clients' open runs (of one job, or all) and shows how far they are; `before` runs were shown already.
 * Counts those that have ended since the night began, too.
 */
async function waitFor(
  program: Program,
  { at, clients, signal }: Night,
  { unit, job, before }: { unit: string; job: string | null; before: number },
): Promise<Progress> {
  const which = { clientIds: clients.map(({ id }) => id), openSince: at, ...(job === null ? {} : { job }) }
  let display = null as ProgressDisplay | null
  const result = await waitUntilDone(program, which, {
    signal,
    onProgress(progress) {
      const done = endedOf(progress) - before
      const total = done + progress.open
      if (total === 0) return
      display ??= createProgress(unit, total)
      display.update(done, total)
    },
  })
  display?.stop()
  return result
}

function endedOf({ succeeded, failed, cancelled }: Progress): number {
  return succeeded + failed + cancelled
}

async function planReports(
  { database, registry, engine }: Program,
  client: NightClient,
  at: Temporal.Instant,
): Promise<void> {
  await planNight(database.system, registry, client.id, dayBefore(at, client.timeZone))
  const reports = await listReportSchedules(database.forClient(client.id), { clientId: client.id })
  // The very runs that the schedules plan on the first of the month, so that none of them is made twice.
  const requests = reports
    .filter(({ asked }) => asked['period'] === 'last-month')
    .map(({ scheduleId, asked }) => on(renderReport, scheduledReport(at, client, { ...asked, scheduleId })))
  await engine.ledger.requestAll(requests, { origin: 'program', requestedBy: REQUESTED_BY, again: 'failed' })
}

/** What failed the last time gets another chance: somebody may have fixed the cause. */
async function retryFailed({ database, engine }: Program, { clients, at }: Night): Promise<void> {
  const failed = await database.system
    .selectFrom('runs')
    .select('id')
    .where(
      'client_id',
      'in',
      clients.map(({ id }) => id),
    )
    .where('state', '=', 'failed')
    .where('finished_at', '<', at.toString())
    .orderBy('planned_at', 'desc')
    .limit(RETRIED_MAX)
    .execute()
  for (const { id } of failed) await engine.ledger.retry(id, REQUESTED_BY)
}
