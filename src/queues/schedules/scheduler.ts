import { schedule as everyMinute, type ScheduledTask } from 'node-cron'
import { messageOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { SECOND_MS } from '../../time.ts'
import { createLoop } from '../loop.ts'
import { createHandover, type DispatchTools, dispatch, type ReadyRun } from '../queue/dispatch.ts'
import { reconcile, trimQueues } from '../queue/reconcile.ts'
import type { Registry } from '../registry.ts'
import { planDueSchedules, planJustDue } from './plan-due-schedules.ts'
import { syncSchedules } from './sync-schedules.ts'

export type Scheduler = {
  /** What was planned may be ready: hands it to the queues in a moment. */
  dispatchSoon(): void
  /** Somebody waits for what was planned. */
  dispatchNow(): void
  /** Gives runs that were queued as they were planned to their queues. */
  handOver(runs: ReadyRun[]): void
  /** Plans what is due now and hands over what is ready. */
  tick(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const DISPATCH_EVERY_MS = SECOND_MS
const RECONCILE_EVERY_MS = 10 * SECOND_MS
const RECONCILE_OLDER_MS = 5 * SECOND_MS
/** Younger ones may just be on their way into the queue, by another process. */
const START_OLDER_MS = 2 * SECOND_MS
/** Schedules with seconds do not wait for the minute. */
const PLAN_EVERY_MS = 5 * SECOND_MS
const SWEEP_EVERY_MS = 5 * SECOND_MS

/**
 * `onTick` plans, once a minute, what no schedule says; `onSweep` looks every few seconds for what people should know.
 */
export function createScheduler(
  tools: DispatchTools,
  registry: Registry,
  { onTick, onSweep }: { onTick: () => Promise<void>; onSweep: () => Promise<void> },
): Scheduler {
  const { db, log } = tools
  const handing = createHandover(tools)
  const dispatching = createLoop('dispatch', DISPATCH_EVERY_MS, log, () => dispatch(tools))
  const reconciling = createLoop('reconcile', RECONCILE_EVERY_MS, log, async () => {
    await reconcile(tools, { olderThanMs: RECONCILE_OLDER_MS })
    await trimQueues(tools.backend)
  })
  const planning = createLoop('plan', PLAN_EVERY_MS, log, async () => {
    if ((await planJustDue(db, registry, log)) > 0) await dispatching.run()
  })
  const sweeping = createLoop('sweep', SWEEP_EVERY_MS, log, onSweep)
  let minutes: ScheduledTask | null = null
  let ticking = Promise.resolve()

  async function tick(): Promise<void> {
    await syncSchedules(db, registry, log)
    await planDueSchedules(db, registry, log)
    await onTick()
    await dispatching.run()
  }

  return {
    handOver: handing.handOver,
    dispatchSoon: dispatching.soon,
    dispatchNow: () => void dispatching.run(),
    tick,
    async start() {
      if (minutes !== null) return
      const onMinute = () => {
        ticking = tick().catch((error: unknown) => sayFailed(log, error))
        return ticking
      }
      minutes = everyMinute('* * * * *', onMinute, { noOverlap: true })
      // What a killed process left behind is picked up now, not at the next sweep.
      await reconcile(tools, { olderThanMs: START_OLDER_MS })
      await tick()
      dispatching.start()
      reconciling.start()
      planning.start()
      sweeping.start()
    },
    async stop() {
      await minutes?.destroy()
      // One that began as the minute turned still needs what is about to be closed.
      await ticking
      await handing.settled()
      await Promise.all([dispatching.stop(), reconciling.stop(), planning.stop(), sweeping.stop()])
    },
  }
}

function sayFailed(log: Log, error: unknown): void {
  log.error(`the tick failed, the next comes in a minute: ${messageOf(error)}`)
}
