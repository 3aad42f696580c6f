import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { SECOND_MS } from '../time.ts'
import { bearSession } from './session.ts'

const EVERY_MS = 5 * SECOND_MS
const SILENT_MS = 10 * SECOND_MS

/**
 * Asks the database every few seconds for a sign of life, on a connection that waits behind nothing else. A network
 * that swallows leaves connections that look alive for hours; `drop` is called when no answer comes, and returns the
 * sessions at the other end. These hold their locks until somebody ends them, which is done when the database is back.
 * Returns how to stop.
 */
export function startPulse(url: string, log: Log, drop: () => number[]): () => Promise<void> {
  let connection: pg.Client | null = null
  let abandoned: number[] = []
  let current: Promise<void> | null = null

  async function beat(): Promise<void> {
    connection ??= await connect(url)
    const asked = connection
    const answer = endSessions(asked, abandoned).then(
      () => 'alive' as const,
      () => 'broken' as const,
    )
    const silent = new AbortController()
    const found = await Promise.race([
      answer,
      sleep(SILENT_MS, 'silent' as const, { signal: silent.signal, ref: false }),
    ])
    silent.abort()
    if (found === 'alive') {
      abandoned = []
      return
    }
    connection = null
    void asked.end()
    if (found === 'broken') return
    log.warn(`the database has been silent for ${SILENT_MS / SECOND_MS} s: all connections to it are dropped`)
    abandoned.push(...drop())
  }

  const beatOnce = () => {
    current ??= beat()
      // Whoever needs the database says so louder.
      .catch((error: unknown) => log.debug(`the pulse cannot connect: ${messageOf(error)}`))
      .finally(() => {
        current = null
      })
  }
  // At once: only a connection that was there before can fall silent.
  beatOnce()
  const timer = setInterval(beatOnce, EVERY_MS)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await current
    await connection?.end()
  }
}

/** Any question is a sign of life. Sessions begun since then are others with a number used again. */
async function endSessions(connection: pg.Client, sessions: number[]): Promise<void> {
  await connection.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where pid = any($1) and pg_has_role(usesysid, 'usage') and datname = current_database() and backend_start < now() - $2 * interval '1 ms'`,
    [sessions, SILENT_MS],
  )
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: SILENT_MS,
    application_name: 'daybreak-pulse',
  })
  // The next question hears of it.
  client.on('error', () => {})
  // A sign of life is no reason to live.
  ;(client as unknown as { unref(): void }).unref()
  await client.connect()
  try {
    await bearSession(client, { as: 'owner' })
    return client
  } catch (error) {
    await client.end()
    throw error
  }
}
