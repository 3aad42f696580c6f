import { z } from 'zod'
import { defineJob, on } from '../queues/for-jobs.ts'
import { askedFields, askedOn, checkAsked, narrowingOf, repeatedFields } from '../reports/asked-report.ts'
import { renderExecution } from '../reports/execution/execution.ts'
import { daysNeeded } from '../reports/execution/wait-for-roll-ups.ts'
import { addDays, dayBefore, HOUR_MS, MINUTE_MS } from '../time.ts'
import { clientId } from './client-day.ts'
import { deliverCopy } from './deliver-copy.ts'
import type { JobTools } from './job-tools.ts'
import { rollUpDay } from './roll-up-day.ts'

const payload = z
  .strictObject({
    clientId,
    ...askedFields,
    /** Whose recipients get it; null: nobody, it is there to download. */
    scheduleId: z.string().nullable(),
    /** Tells apart what people ask for by themselves; the same request twice is one run. */
    request: z.string().max(100).nullable(),
  })
  .check(checkAsked)

/** What a report's row in `schedules` adds. */
const scheduled = z.object({ scheduleId: z.string(), ...repeatedFields })

/** What a schedule asks for when it is due. */
export function scheduledReport(
  dueAt: Temporal.Instant,
  client: { id: string; timeZone: string },
  extra: Record<string, unknown>,
): z.output<typeof payload> {
  const { scheduleId, ...repeated } = scheduled.parse(extra)
  const asked = askedOn(repeated, addDays(dayBefore(dueAt, client.timeZone), 1))
  return { clientId: client.id, ...asked, scheduleId, request: null }
}

export const renderReport = defineJob<z.output<typeof payload>, JobTools>({
  name: 'render-report',
  summary: 'Renders one report for one window in every format asked for, and sends the copies off.',
  queue: 'reports',
  payload,
  // Who asks by themselves says which formats: others are another run.
  key: ({ clientId, scheduleId, request, ...asked }) => {
    const whose = scheduleId ?? `${request ?? 'on-demand'}.${asked.formats.toSorted().join('-')}`
    return [clientId, asked.report, asked.from, asked.to, whose, ...narrowingOf(asked)].join('.')
  },
  client: ({ clientId }) => clientId,
  night: ({ to, scheduleId }) => (scheduleId === null ? null : addDays(to, -1)),
  window: ({ from, to }) => ({ from, to }),
  schedule: {
    cron: null,
    zone: 'client',
    scope: 'client',
    catchUp: 'all',
    catchUpWithinMs: null,
    lateAfterMs: HOUR_MS,
    overlap: 'allow',
    payload: scheduledReport,
  },
  after: ({ clientId, from, to }, askedAt) =>
    daysNeeded({ from, to }, askedAt).map((day) => on(rollUpDay, { clientId, day })),
  retry: { attempts: 2, delayMs: 10_000, maxDelayMs: 60_000 },
  timeoutMs: 2 * MINUTE_MS,
  memoryMaxMb: 1024,
  run: (payload, context) =>
    renderExecution(payload, {
      ...context,
      executionId: context.runId,
      commit: (write) =>
        context.commit(async (tx, follow) => {
          for (const deliveryId of await write(tx))
            await follow(on(deliverCopy, { clientId: payload.clientId, deliveryId }))
        }),
    }),
})
