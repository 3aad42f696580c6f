import { randomBytes } from 'node:crypto'
import { createKey, type KeyRole, revokeKey, type UserRole } from '../../src/people/people.ts'
import { ROLES, type Role } from '../../src/people/roles.ts'
import type { World } from '../faults/world.ts'
import { keyHeaders, OPERATOR, signIn } from '../support/test-board.ts'

/**
 * The tenant that attacks, and the one that is attacked. Their rows have the same ids wherever a client may choose
 * them.
 */
export const OURS = 'alpha'
export const THEIRS = 'beta'

/** Somebody who asks. */
export type Visitor = {
  name: string
  kind: 'nobody' | 'refused key' | 'key' | 'person'
  role: Role | null
  /** null: acts for every client, or is nobody. */
  clientId: string | null
  headers: Record<string, string>
  /** What a person's own page shows with a write; null: none. */
  csrf: string | null
}

const KEY_ROLES = ROLES.filter((role): role is KeyRole => role !== 'finance' && role !== 'supervisor')
const USER_ROLES = ROLES.filter((role): role is UserRole => role !== 'ingest')
/** Every scope a key has; a person of the other tenant would be a third of all requests more, and no other code. */
const KEY_SCOPES = [null, OURS, THEIRS]
const USER_SCOPES = [null, OURS]

type Place = Pick<World, 'database'> & { url: string }

/**
 * Nobody, keys that are none, and a key and a signed-in person of each role and scope; each person also without the
 * token of their page.
 */
export async function givenVisitors(place: Place): Promise<Visitor[]> {
  const visitors = [...nobodies(), ...(await refusedKeys(place)), await disabledPerson(place)]
  for (const role of KEY_ROLES) {
    for (const clientId of KEY_SCOPES) visitors.push(await keyOf(place, role, clientId))
  }
  for (const role of USER_ROLES) {
    for (const clientId of USER_SCOPES) visitors.push(await personOf(place, role, clientId))
  }
  return visitors
}

function nobodies(): Visitor[] {
  const about = { role: null, clientId: null, csrf: null }
  const unknown = `Bearer dbk_${randomBytes(32).toString('base64url')}`
  return [
    { ...about, name: 'nobody', kind: 'nobody', headers: {} },
    { ...about, name: 'a session nobody began', kind: 'nobody', headers: { Cookie: 'daybreak-session=x' } },
    { ...about, name: 'an unknown key', kind: 'refused key', headers: { Authorization: unknown } },
    { ...about, name: 'no key at all', kind: 'refused key', headers: { Authorization: 'Basic YTpi' } },
  ]
}

async function refusedKeys({ database }: Place): Promise<Visitor[]> {
  const expiresAt = Temporal.Now.instant().subtract({ hours: 1 })
  const about = { role: 'admin', clientId: null } as const
  const expired = await createKey(database.system, { ...about, name: 'expired', expiresAt }, OPERATOR)
  const revoked = await createKey(database.system, { ...about, name: 'revoked', expiresAt: null }, OPERATOR)
  await revokeKey(database.system, revoked.id, OPERATOR)
  return [expired, revoked].map(({ key }, index) => ({
    ...{ ...about, role: null, csrf: null, kind: 'refused key' },
    name: index === 0 ? 'an expired key of an admin' : 'a revoked key of an admin',
    headers: { Authorization: `Bearer ${key}` },
  }))
}

async function disabledPerson(place: Place): Promise<Visitor> {
  const { headers, csrf } = await personOf(place, 'admin', null)
  const sessions = place.database.system
    .selectFrom('sessions')
    .select('user_id')
    .where('csrf_token', '=', csrf ?? '')
  await place.database.system
    .updateTable('users')
    .set({ disabled_at: Temporal.Now.instant().toString() })
    .where('id', 'in', sessions)
    .execute()
  return { name: 'an admin who was disabled', kind: 'nobody', role: null, clientId: null, headers, csrf }
}

export async function keyOf(place: Place, role: KeyRole, clientId: string | null): Promise<Visitor> {
  const headers = await keyHeaders(place, role, clientId)
  return { name: `key: ${role} of ${clientId ?? 'all'}`, kind: 'key', role, clientId, headers, csrf: null }
}

export async function personOf(place: Place, role: UserRole, clientId: string | null): Promise<Visitor> {
  const { cookie, csrf } = await signIn(place, role, clientId)
  const headers = { Cookie: cookie }
  return { name: `person: ${role} of ${clientId ?? 'all'}`, kind: 'person', role, clientId, headers, csrf }
}
