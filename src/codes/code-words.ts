/** What is said about a code of an error, wherever it comes up. */
export type CodeWords = {
  /** What the API answers with; null: it comes up in runs, at the start or on the command line only. */
  status: number | null
  /** What happened, and what to do, for whoever meets it. Markdown's back ticks are for code. */
  means: string
  /** What whoever runs the system does about a run that failed with it. Without: what is said of any failed run. */
  advice?: string
  /** Where the runbook says more about such a run; null: nowhere. Without: where it speaks of any failed run. */
  runbook?: string | null
}

/** How an advice ends. */
export const RETRY = 'press Retry on the page of the run; what waits for it goes on when it succeeds.'
