import { sql } from 'kysely'
import { defineAlertKind } from '../alert-kind.ts'
import { findBy } from '../find-by.ts'
import { instantWords } from '../instant-words.ts'
import { aboutRun, isRunOver, type RunNoticed, runWords, windowOf } from './about-run.ts'

type StalledRun = RunNoticed & { why: 'overdue' | 'silent' | 'rescued'; crashes: number; node: string | null }

export const runStalled = defineAlertKind<'run-stalled', StalledRun>({
  name: 'run-stalled',
  ...aboutRun,
  notices:
    'a run is at work a minute longer than its job allows, on a node that is silent for a minute, or its worker died twice',
  closes: 'when the run ends',
  runbook: 'a-run-is-stuck',
  badge: { state: 'retrying', words: 'Stuck' },
  tellsOwners: false,
  isOneAtATime: false,
  find: findBy(import.meta.dirname, 'run-stalled', ({ timeoutsS, isSteady }) => [JSON.stringify(timeoutsS), isSteady]),
  isOver: () => isRunOver(sql`r.state = 'failed'`),
  words: (found) => ({
    title: `${found.job} is stuck for ${windowOf(found)}`,
    message: `${runWords(found)} began at ${instantWords(found.since)} and ${whyWords(found)}`,
    advice: ADVICE[found.why],
  }),
})

function whyWords({ why, node, crashes }: StalledRun): string {
  if (why === 'rescued') return `has lost its worker ${crashes} times.`
  if (why === 'overdue') return `is still at work, longer than its job allows. Its node is ${node ?? 'unknown'}.`
  return `its node ${node ?? 'unknown'} has given no sign of life for a minute.`
}

const ADVICE: Record<StalledRun['why'], string> = {
  rescued:
    'It is tried again, four times in all. Something ends its process: look at its tries and at the kernel’s log (out of memory?).',
  overdue:
    'It should have been stopped. Press Cancel on its page; if it does not stop within seconds, restart that node: the run goes on elsewhere.',
  silent: 'Another worker takes it over within half a minute, if one is running. Start one; see why that node is gone.',
}
