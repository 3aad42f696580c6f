import { sql } from 'kysely'
import { adviceOf } from '../../codes/index.ts'
import { defineAlertKind } from '../alert-kind.ts'
import { findBy } from '../find-by.ts'
import { aboutRun, isRunOver, type RunNoticed, runWords, windowOf } from './about-run.ts'

/** `tries`: those that ended badly. */
type FailedRun = RunNoticed & { code: string | null; reason: string | null; tries: number }

const MESSAGE_CHARS_MAX = 400

export const runFailed = defineAlertKind<'run-failed', FailedRun>({
  name: 'run-failed',
  ...aboutRun,
  notices: 'a run failed for good; again when a retry fails again',
  closes: 'when the run succeeds, or is cancelled',
  runbook: 'a-run-failed',
  badge: { state: 'failed', words: 'Failed' },
  tellsOwners: true,
  isOneAtATime: false,
  find: findBy(import.meta.dirname, 'run-failed'),
  // A later attempt that failed has an alert of its own.
  isOver: () => isRunOver(sql`r.state = 'failed' and a.episode <> r.attempt::text`),
  words(found) {
    const tries = found.tries > 1 ? ` after ${found.tries} tries` : ''
    const code = found.code === null ? '' : ` (${found.code})`
    return {
      title: `${found.job} failed for ${windowOf(found)}`,
      message: `${runWords(found)} failed for good${tries}: ${masked(found.reason ?? 'it did not say why')}${code}. What waits for it is held.`,
      ...adviceOf(found.code),
    }
  },
})

/** Without what might name a person: addresses, long numbers, and what a database quotes of a row. */
function masked(text: string): string {
  return text
    .replaceAll(/[^\s<>()[\]"',;:]+@[^\s<>()[\]"',;:]+/g, '[address]')
    .replaceAll(/(?<=\binput syntax for type [\w ]+: )"[^"]*"/g, '[value]')
    .replaceAll(/(?<![\w-])\+?\d(?:[ ()/.]?\d){7,}(?![\w-])/g, '[number]')
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .slice(0, MESSAGE_CHARS_MAX)
    .replace(/\.$/, '')
}
