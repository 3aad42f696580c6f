/** What a fact can belong to, and the column of a daily family's .sql that says to whom (families/daily-step.ts). */
export const PLACES = [
  ['agent', 'agent_id'],
  ['sector', 'sector_id'],
  ['channel', 'channel'],
  ['campaign', 'campaign_id'],
  ['provider', 'provider_id'],
  ['customer-role', 'customer_role'],
  ['location', 'location'],
] as const

type Place = (typeof PLACES)[number][0]

/** What sums are kept by, and asked for by; client: of the client as a whole. */
export const DIMENSIONS = ['client', ...PLACES.map(([name]) => name)] as ['client', ...Place[]]
export type Dimension = 'client' | Place
