import { type RawBuilder, sql } from 'kysely'
import { addDays, type Day } from '../../time.ts'
import type { Noticed } from '../alert-kind.ts'

/** What every alert about a run knows of it. */
export type RunNoticed = Noticed & { job: string; windowFrom: Day | null; windowTo: Day | null }

/** What every kind of alert about a run declares. */
export const aboutRun = {
  subject: 'run',
  page: { label: 'The run', pathOf: (runId: string) => `/runs/${encodeURIComponent(runId)}` },
}

/**
 * The run of the alert `a` succeeded, was cancelled or deleted, or is `alsoOver`, a condition on it as `r`. Reads runs
 * by id.
 */
export function isRunOver(alsoOver: RawBuilder<boolean>): RawBuilder<boolean> {
  return sql`not exists (
    select from runs r
    where r.id = case when a.subject_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then a.subject_id::uuid end
      and r.state not in ('succeeded', 'cancelled') and not (${alsoOver})
  )`
}

/** "acme, 2026-11-20", "acme, 2026-11-01 to 2026-11-30", "the whole system". */
export function windowOf({ clientId, windowFrom, windowTo }: RunNoticed): string {
  const who = clientId ?? 'the whole system'
  return windowFrom === null || windowTo === null ? who : `${who}, ${daysOf(windowFrom, windowTo)}`
}

/** How a sentence about a run begins. */
export function runWords(found: RunNoticed): string {
  return `${found.job} for ${windowOf(found)},`
}

function daysOf(from: Day, to: Day): string {
  const last = addDays(to, -1)
  return last === from ? from : `${from} to ${last}`
}
