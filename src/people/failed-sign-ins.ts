import type { SystemDatabase } from '../db/database.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { MINUTE_MS } from '../time.ts'
import { writeAudit } from './audit.ts'
import { networkOf } from './network.ts'

/** `user` null: nobody of this name. The name that was tried is nowhere: it may be a password in the wrong field. */
export type FailedSignIn = { user: { id: string; clientId: string | null } | null; ip: string }

/** Entries that a flood of strangers can make in a minute; the rest is counted together. */
const NAMED_MAX = 60

/**
 * Puts failed sign-ins on record: the first of an account from an address at once, those of the minute after it as one entry with their
 * number.
 */
export function createFailureRecord(db: SystemDatabase, log: Log, windowMs = MINUTE_MS) {
  const counts = new Map<string, number>()

  async function write(
    { user, ip }: Omit<FailedSignIn, 'ip'> & { ip: string | null },
    failures: number,
  ): Promise<void> {
    const actor = { kind: 'stranger', id: '', name: 'stranger', ip } as const
    const target = user === null ? 'sign-in' : `user:${user.id}`
    const about = { action: 'fail-sign-in', target, clientId: user?.clientId ?? null }
    await writeAudit(db, actor, { ...about, before: null, after: { failures } })
  }

  return async (failed: FailedSignIn): Promise<void> => {
    const name = `${failed.user?.id ?? ''} ${networkOf(failed.ip)}`
    const isNamed = counts.has(name) || counts.size < NAMED_MAX
    const [key, shown] = isNamed ? [name, failed] : ['others', { user: null, ip: null }]
    const before = counts.get(key)
    counts.set(key, before === undefined ? 0 : before + 1)
    if (before !== undefined) return
    setTimeout(() => {
      const more = counts.get(key) ?? 0
      counts.delete(key)
      if (more === 0) return
      write(shown, more).catch((error: unknown) =>
        log.warn(`${more} failed sign-ins are not on record: ${messageOf(error)}`),
      )
    }, windowMs).unref()
    await write(shown, 1)
  }
}
