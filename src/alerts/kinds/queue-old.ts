import { sql } from 'kysely'
import { SECOND_MS } from '../../time.ts'
import { defineAlertKind, type Noticed, type Sweep } from '../alert-kind.ts'
import { instantWords } from '../instant-words.ts'

/** `runs` wait in it, the one that has waited longest for `seconds`. */
type OldQueue = Noticed & { runs: number; seconds: number }

export const queueOld = defineAlertKind<'queue-old', OldQueue>({
  name: 'queue-old',
  subject: 'queue',
  notices: 'a run waits longer than `QUEUE_AGE_ALERT_MINUTES` (15) though it could be at work',
  closes: 'when nothing there waits half as long',
  runbook: 'a-queue-does-not-keep-up',
  badge: { state: 'late', words: 'Queue' },
  page: { label: 'What waits', pathOf: () => '/runs?state=queued' },
  tellsOwners: false,
  // The next oldest run is no news.
  isOneAtATime: true,
  find: async (_tx, sweep) => {
    if (!sweep.isSteady) return []
    const old = queuesOlderThan(sweep.queueAgeMs, sweep)
    return old.map(({ queue, since, ...rest }) => ({
      subjectId: queue,
      episode: since,
      clientId: null,
      since,
      ...rest,
    }))
  },
  isOver(sweep) {
    const waiting = queuesOlderThan(sweep.queueAgeMs / 2, sweep).map(({ queue }) => queue)
    return sql`not a.subject_id = any(${waiting}::text[])`
  },
  words: ({ subjectId: queue, runs, since, seconds }) => ({
    title: `The queue ${queue} does not keep up`,
    message: `The run that has waited longest in ${queue} could have begun at ${instantWords(since)}, ${Math.round(seconds / 60)} minutes ago; ${runs} ${runs === 1 ? 'run waits' : 'runs wait'}.`,
    advice: `Is a worker running (/readyz)? Start more, or raise CONCURRENCY_${queue.toUpperCase()}. The list of runs shows what is at work.`,
  }),
})

function queuesOlderThan(ageMs: number, { waiting }: Sweep) {
  return waiting.filter(({ seconds }) => seconds * SECOND_MS > ageMs)
}
