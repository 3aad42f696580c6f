import { randomUUID } from 'node:crypto'

/** What stands in the place of an erased customer's id from then on. */
export function newPseudonym(): string {
  return `erased-${randomUUID()}`
}

/** What `newPseudonym` makes, as LIKE has it. */
export const PSEUDONYM_LIKE = 'erased-________-____-____-____-____________'

/** Columns of a customer's own facts that an erasure empties, by table, and what is in them then, as SQL. */
export const EMPTIED_OF_FACTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  customer_satisfaction: { comment: 'null' },
  analytics_events: { properties: "'{}'", session_id: 'null' },
}

/**
 * Columns of facts about a customer's contacts, who need not name the customer, that an erasure makes null, by table.
 */
export const WRITTEN_OF_CONTACTS: Readonly<Record<string, string>> = {
  call_quality_scores: 'comment',
  call_quality_issues: 'description',
  customer_satisfaction: 'comment',
}
