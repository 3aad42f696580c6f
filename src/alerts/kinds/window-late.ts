import { sql } from 'kysely'
import type { RunState } from '../../run-state.ts'
import { defineAlertKind } from '../alert-kind.ts'
import { findBy } from '../find-by.ts'
import { instantWords } from '../instant-words.ts'
import { aboutRun, isRunOver, type RunNoticed, runWords, windowOf } from './about-run.ts'

/** `waitsFor`: the job that it waits for in vain. */
type LateRun = RunNoticed & { state: RunState; waitsFor: string | null }

export const windowLate = defineAlertKind<'window-late', LateRun>({
  name: 'window-late',
  ...aboutRun,
  notices: 'a window is not done by the deadline of its schedule; once',
  closes: 'when it is done',
  runbook: 'the-night-is-late',
  badge: { state: 'late', words: 'Late' },
  tellsOwners: false,
  isOneAtATime: false,
  find: findBy(import.meta.dirname, 'window-late'),
  isOver: () => isRunOver(sql`false`),
  words(found) {
    const { waitsFor, state } = found
    const waits =
      waitsFor === null ? (STATE_WORDS[state] ?? '') : `It waits for ${waitsFor}, which failed or was cancelled.`
    return {
      title: `${found.job} is late for ${windowOf(found)}`,
      message: `${runWords(found)} should have been done by ${instantWords(found.since)} and is not. ${waits}`.trim(),
      advice:
        waitsFor === null
          ? 'If it is running or queued, it will be done without you; if nothing moves, are a scheduler and enough workers running?'
          : 'Fix what it waits for: Retry on the page of this run retries that.',
    }
  },
})

const STATE_WORDS: Record<string, string> = {
  planned: 'It has not begun: something it depends on is not done, or the queue is full.',
  queued: 'It is in its queue and waits for a worker.',
  running: 'It is at work.',
}
