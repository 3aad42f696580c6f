import type { SystemDatabase } from '../db/database.ts'
import { MINUTE_MS } from '../time.ts'
import { recordRepeated } from './count-audit.ts'
import { networkOf } from './network.ts'

/** `user` null: nobody of this name. The name that was tried is nowhere: it may be a password in the wrong field. */
export type FailedSignIn = { user: { id: string; clientId: string | null } | null; ip: string }

/** Rows that a flood of strangers can make in a minute; the rest is counted in one. */
const NAMED_MAX = 60

/** Puts failed sign-ins on record: those of one account from one network within a minute are one row that counts. */
export function createFailureRecord(db: SystemDatabase): (failed: FailedSignIn) => Promise<void> {
  /** Of this minute, by account and network, with the address that was first. */
  const named = new Map<string, FailedSignIn>()
  let since = performance.now()
  return async (failed) => {
    if (performance.now() - since > MINUTE_MS) {
      named.clear()
      since = performance.now()
    }
    const name = `${failed.user?.id ?? ''} ${networkOf(failed.ip)}`
    if (!named.has(name) && named.size < NAMED_MAX) named.set(name, failed)
    const { user, ip } = named.get(name) ?? { user: null, ip: null }
    const target = user === null ? 'sign-in' : `user:${user.id}`
    const stranger = { kind: 'stranger', id: '', name: 'stranger', ip } as const
    await recordRepeated(db, stranger, { action: 'fail-sign-in', target, clientId: user?.clientId ?? null })
  }
}
