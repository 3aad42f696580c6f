/** What people and keys are. finance and supervisor read reports; ingest is for keys that bring facts in. */
export const ROLES = ['admin', 'operator', 'finance', 'supervisor', 'viewer', 'ingest'] as const
export type Role = (typeof ROLES)[number]

/**
 * What a route asks of its visitor: `public` nothing, `open` nothing either, but it knows who comes, `reports` a role
 * that may read reports, then each level what the one before may and more. `metrics` is `viewer`, and whoever comes
 * where the setting METRICS_WITHOUT_KEY says so. `ingest` is `operator`, and keys that bring facts in.
 */
export type Access = 'public' | 'open' | 'reports' | 'viewer' | 'metrics' | 'ingest' | 'operator' | 'admin'

/**
 * Whether a visitor bound to one client may come in, and then sees that client only, or the route shows all clients at
 * once.
 */
export type Scope = 'client' | 'everything'

const ADMITTED: Record<Exclude<Access, 'public' | 'open'>, readonly Role[]> = {
  reports: ['admin', 'operator', 'finance', 'supervisor', 'viewer'],
  viewer: ['admin', 'operator', 'viewer'],
  metrics: ['admin', 'operator', 'viewer'],
  ingest: ['admin', 'operator', 'ingest'],
  operator: ['admin', 'operator'],
  admin: ['admin'],
}

export function mayUse(role: Role, access: Access): boolean {
  return access === 'public' || access === 'open' || ADMITTED[access].includes(role)
}

/** A signed-in person or an API key, or somebody unknown on a public page. */
export type Identity = {
  kind: 'user' | 'key' | 'anonymous'
  id: string
  name: string
  role: Role | null
  /** null: may act for every client. */
  clientId: string | null
  /** What a form or a script of this person's session must show; null for keys, which no browser sends by itself. */
  csrfToken: string | null
}

export const ANONYMOUS: Identity = { kind: 'anonymous', id: '', name: '', role: null, clientId: '', csrfToken: null }
