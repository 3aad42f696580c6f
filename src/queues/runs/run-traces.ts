import { systemClock } from '../../time.ts'
import { inSpan, isTracing, recordSpan, traceParentHere } from '../../tracing.ts'
import type { ClaimedRun, Outcome } from '../work/attempt.ts'
import type { PlanRequest } from './plan-runs.ts'

/** What a schedule plans begins a trace, one for all that falls due together for one client: its night. */
export function beginNights(plans: PlanRequest[]): PlanRequest[] {
  if (!isTracing()) return plans
  const now = systemClock().toString()
  const nights = new Map<string, string | undefined>()
  return plans.map(({ request, options }) => {
    const clientId = request.job.client(request.payload) ?? 'system'
    const night = `${clientId} ${options.dueAt?.toString()}`
    const known = nights.get(night)
    const place = known ?? recordSpan('schedule', { 'daybreak.client': clientId }, null, { from: now, to: now })
    nights.set(night, place)
    return { request, options: place === undefined ? options : { ...options, traceParent: place } }
  })
}

/**
 * One attempt of a run as a span of the run's trace, behind the time it waited. `work` gets the run with its place
 * below that span.
 */
export async function inAttemptSpan(run: ClaimedRun, work: (run: ClaimedRun) => Promise<Outcome>): Promise<Outcome> {
  if (!isTracing()) return work(run)
  const facts = { 'daybreak.job': run.job, 'daybreak.run': run.id, 'daybreak.attempt': run.attempt }
  const attributes = run.client_id === null ? facts : { ...facts, 'daybreak.client': run.client_id }
  recordWaits(run, attributes)
  return inSpan(`run ${run.job}`, attributes, run.trace_parent, async (span) => {
    const outcome = await work({ ...run, trace_parent: traceParentHere() ?? run.trace_parent })
    span.set({ 'daybreak.outcome': outcome.kind })
    if ('code' in outcome) span.fail(outcome.code)
    return outcome
  })
}

/**
 * Planned and not yet in its queue: for its time, for others, or for room. Queued: for a worker, or for its next try.
 */
function recordWaits(run: ClaimedRun, attributes: Record<string, string | number>): void {
  const { planned_at: planned, queued_at, started_at: started, attempt, trace_parent } = run
  const queued = queued_at ?? started
  if (attempt === 1) recordSpan('wait to be queued', attributes, trace_parent, { from: planned, to: queued })
  recordSpan('wait in queue', attributes, trace_parent, { from: queued, to: started })
}
