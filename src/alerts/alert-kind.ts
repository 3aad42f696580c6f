import type { RawBuilder } from 'kysely'
import type { SystemTransaction } from '../db/database.ts'
import type { WaitingQueue } from '../queues/for-jobs.ts'

/** What a sweep knows beside the database. */
export type Sweep = {
  /**
   * Whether signs of life can be trusted: for a minute after the database or this process was away every node looks
   * silent.
   */
  isSteady: boolean
  /** How long each job may be at work, in seconds. */
  timeoutsS: Record<string, number>
  waiting: readonly WaitingQueue[]
  /** A queue in which a run has waited longer is old. */
  queueAgeMs: number
}

/**
 * Something to know: which thing, and which time of it. The same time of the same thing is told once, however often it
 * is found.
 */
export type Noticed = {
  /** Its id among the things of its kind that its client has. */
  subjectId: string
  /** Tells one time from the next, such as a run's attempt; empty: it is told once, ever. */
  episode: string
  /** null: it is about the whole system. */
  clientId: string | null
  /** When it began. */
  since: string
  /** The job it is about, if any. What becomes of the job that tells alerts is told on the board only. */
  job?: string
}

/** A title for a list and a subject line, what happened to what, and what to do about it. No personal data. */
export type AlertWords = {
  title: string
  message: string
  advice: string
  /** The section of docs/runbook.md; left out: the one of its kind. null: there is nothing to look up. */
  runbook?: string | null
}

/** A kind of thing to know: how it is found, when it is over, and how it is told. */
export type AlertKind<Name extends string = string, Row extends Noticed = Noticed> = {
  name: Name
  /** What kind of thing it is about. */
  subject: string
  /** For docs/alerts.md: what it notices, and what closes it. */
  notices: string
  closes: string
  /** The section of docs/runbook.md that says what to do. */
  runbook: string
  /** How the board marks it while it is open: a state that the board has a picture for, and a word. */
  badge: { state: string; words: string }
  /** Where the board shows its subject, from the id; `label` is for mails. */
  page: { label: string; pathOf(subjectId: string): string }
  /** Whether the owners of its subject hear of it, beside those who hear of everything. */
  tellsOwners: boolean
  /** Whether a subject with an open alert is no news, however many more episodes begin. */
  isOneAtATime: boolean
  /** What is there to know now; what was told already may be among it. See `findBy`. */
  find(tx: SystemTransaction, sweep: Sweep): Promise<Row[]>
  /** Whether the cause of the open alert `a` is gone, as a condition on its row. */
  isOver(sweep: Sweep): RawBuilder<boolean>
  words(found: Row): AlertWords
}

/** A kind as it was declared, with its name for a type. */
export function defineAlertKind<const Name extends string, Row extends Noticed>(
  kind: AlertKind<Name, Row>,
): AlertKind<Name, Row> {
  return kind
}
