import { adviceOf } from '../codes/index.ts'
import { addDays, type Day } from '../time.ts'

/** What find-alerts.sql noticed, before it has words. `since`: when it began. */
export type Found = {
  kind: 'run-failed' | 'window-late' | 'run-stalled'
  subject: string
  clientId: string | null
  runId: string
  job: string
  key: string
  since: string
  /** run-failed: the error's code. window-late: the job it waits for in vain. run-stalled: 'overdue', 'silent', 'rescued'. */
  detail: string | null
  /** run-failed: the error's message. window-late: the run's state. */
  message: string | null
  /** Tries that ended badly. */
  times: number
  windowFrom: Day | null
  windowTo: Day | null
  node: string | null
}

/** A title for a list and a subject line, what happened to what, and what to do about it. */
export type AlertWords = { title: string; message: string; advice: string }

const RUNBOOK = 'docs/runbook.md'
const MESSAGE_CHARS_MAX = 400

/** The words of an alert about a run. No personal data: what an error quoted is masked. */
export function wordsOf(found: Found): AlertWords {
  switch (found.kind) {
    case 'run-failed':
      return failedWords(found)
    case 'window-late':
      return lateWords(found)
    case 'run-stalled':
      return stalledWords(found)
  }
}

function failedWords(found: Found): AlertWords {
  const tries = found.times > 1 ? ` after ${found.times} tries` : ''
  const code = found.detail === null ? '' : ` (${found.detail})`
  return {
    title: `${found.job} failed for ${subjectOf(found)}`,
    message: `${runWords(found)} failed for good${tries}: ${masked(found.message ?? 'it did not say why')}${code}. What waits for it is held.`,
    advice: failedAdvice(found.detail),
  }
}

function failedAdvice(code: string | null): string {
  const { advice, runbook = 'a-run-failed' } = adviceOf(code)
  return runbook === null ? advice : `${advice} Runbook: ${RUNBOOK}#${runbook}`
}

function lateWords(found: Found): AlertWords {
  const waits =
    found.detail === null
      ? STATE_WORDS[found.message ?? '']
      : `It waits for ${found.detail}, which failed or was cancelled.`
  const held =
    found.detail === null
      ? 'If it is running or queued, it will be done without you; if nothing moves, are a scheduler and enough workers running?'
      : `Mend what it waits for: Retry on the page of this run retries that.`
  return {
    title: `${found.job} is late for ${subjectOf(found)}`,
    message:
      `${runWords(found)} should have been done by ${instantWords(found.since)} and is not. ${waits ?? ''}`.trim(),
    advice: `${held} Runbook: ${RUNBOOK}#the-night-is-late`,
  }
}

const STATE_WORDS: Record<string, string> = {
  planned: 'It has not begun: something it stands on is not done, or the queue is full.',
  queued: 'It is in its queue and waits for a worker.',
  running: 'It is at work.',
}

function stalledWords(found: Found): AlertWords {
  return {
    title: `${found.job} is stuck for ${subjectOf(found)}`,
    message: `${runWords(found)} began at ${instantWords(found.since)} and ${stallOf(found)}`,
    advice: `${STALL_ADVICE[found.detail ?? ''] ?? ''} Runbook: ${RUNBOOK}#a-run-is-stuck`,
  }
}

function stallOf({ detail, node, times }: Found): string {
  if (detail === 'rescued') return `has lost its worker ${times} times.`
  if (detail === 'overdue') return `is still at work, longer than its job allows. Its node is ${node ?? 'unknown'}.`
  return `its node ${node ?? 'unknown'} has given no sign of life for a minute.`
}

const STALL_ADVICE: Record<string, string> = {
  rescued:
    'It is tried again, four times in all. Something ends its process: look at its tries and at the kernel’s log (out of memory?).',
  overdue:
    'It should have been stopped. Press Cancel on its page; if it does not stop within seconds, restart that node: the run goes on elsewhere.',
  silent: 'Another worker takes it over within half a minute, if one is running. Start one; see why that node is gone.',
}

/** The words of a queue in which something waits too long. */
export function queueWords(waiting: { queue: string; runs: number; since: string; seconds: number }): AlertWords {
  const { queue, runs, since, seconds } = waiting
  const minutes = Math.round(seconds / 60)
  return {
    title: `The queue ${queue} does not keep up`,
    message: `The run that has waited longest in ${queue} could have begun at ${instantWords(since)}, ${minutes} minutes ago; ${runs} ${runs === 1 ? 'run waits' : 'runs wait'}.`,
    advice: `Is a worker running (/readyz)? Start more, or raise CONCURRENCY_${queue.toUpperCase()}. The list of runs shows what is at work. Runbook: ${RUNBOOK}#a-queue-does-not-keep-up`,
  }
}

/** "acme, 2026-11-20", "acme, 2026-11-01 to 2026-11-30", "the whole system". */
function subjectOf({ clientId, windowFrom, windowTo }: Found): string {
  const who = clientId ?? 'the whole system'
  return windowFrom === null || windowTo === null ? who : `${who}, ${windowWords(windowFrom, windowTo)}`
}

function runWords(found: Found): string {
  return `${found.job} for ${subjectOf(found)},`
}

function windowWords(from: Day, to: Day): string {
  const last = addDays(to, -1)
  return last === from ? from : `${from} to ${last}`
}

/** 2026-11-20 00:10 UTC. */
function instantWords(instant: string): string {
  const text = Temporal.Instant.from(instant).toString({ smallestUnit: 'minute' })
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`
}

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
