import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { startRedis } from '../support/redis.ts'
import { defineFault, type Mark, seconds, verdict } from './fault.ts'
import { planSurely, settle, someWork, unharmed } from './steady-load.ts'
import type { World } from './world.ts'

type Size = { reports: number; quick: number; awayMs: number }

const REFILL_MS = 60_000
const SETTLE_MS = 120_000
/** The queue is lost when this share of a batch is left. */
const UNDER_WAY = 0.8
const DEADLOCK = '40P01'
const TRIES_MAX = 20

export const queueLost = defineFault<Size>({
  name: 'queue-lost',
  title:
    'the queue lost under load: FLUSHALL, and Redis killed and back empty; on PostgreSQL its jobs truncated, and its whole schema dropped',
  mark: 'nothing lost, every unfinished run done ≤ 60 s after',
  backends: ['postgres', 'redis'],
  servers: 'own',
  alone: false,
  short: { reports: 6, quick: 30, awayMs: 3_000 },
  long: { reports: 40, quick: 200, awayMs: 10_000 },
  async run(world, size) {
    await Promise.all([world.start('scheduler'), world.start('worker'), world.start('worker')])
    const work = await someWork(world, size)
    const half = Math.ceil(work.length / 2)
    const cleanups: (() => Promise<void>)[] = []
    try {
      const losses = lossesOf(world, size, cleanups)
      const waits: { name: string; unfinished: number; tookMs: number }[] = []
      for (const [index, [name, lose]] of losses.entries()) {
        const batch = index === 0 ? work.slice(0, half) : work.slice(half)
        await planSurely(world, batch)
        await world.until('some of the work is in progress', SETTLE_MS, async () => {
          const open = await openIds(world)
          return open.length < batch.length * UNDER_WAY
        })
        await lose()
        const lostMs = performance.now()
        const open = await openIds(world)
        world.say(`${name}, ${open.length} runs unfinished`)
        await world.until('what was unfinished is done', SETTLE_MS, async () => (await stillOpen(world, open)) === 0)
        waits.push({ name, unfinished: open.length, tookMs: performance.now() - lostMs })
      }
      const { figures, marks } = unharmed(world, size.reports, await settle(world, SETTLE_MS))
      const shown = waits.map(({ name, unfinished, tookMs }) => [name, `${unfinished} runs done in ${seconds(tookMs)}`])
      return verdict(
        { ...Object.fromEntries(shown), ...figures },
        [...marks, ...waits.map(({ name, unfinished }): Mark => [unfinished > 0, `${name}: nothing was unfinished`])],
        waits.map(
          ({ name, tookMs }): Mark => [
            tookMs <= REFILL_MS,
            `${name}: what was unfinished was done after ${seconds(tookMs)}`,
          ],
        ),
      )
    } finally {
      for (const cleanup of cleanups) await cleanup()
    }
  },
})

type Loss = [name: string, lose: () => Promise<unknown>]

function lossesOf(world: World, { awayMs }: Size, cleanups: (() => Promise<void>)[]): [Loss, Loss] {
  if (world.backend === 'postgres') {
    return [
      ['jobs truncated', () => insist(() => sql`truncate bullmq.job cascade`.execute(world.db))],
      ['schema dropped', () => insist(() => sql`drop schema bullmq cascade`.execute(world.db))],
    ]
  }
  return [
    ['FLUSHALL', () => flush(world.redisUrl)],
    [
      'Redis back empty',
      async () => {
        const { redis } = world.servers()
        await redis.stop('SIGKILL')
        await world.sleep(awayMs)
        const again = await startRedis({ port: redis.port })
        cleanups.push(() => again.stop())
      },
    ],
  ]
}

/** Under load the first to be refused of two that wait for each other may be us. */
async function insist(lose: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await lose()
      return
    } catch (error) {
      if ((error as { code?: string }).code !== DEADLOCK || tries === TRIES_MAX) throw error
    }
  }
}

async function flush(url: string): Promise<void> {
  const redis = new Redis(url)
  await redis.flushall()
  redis.disconnect()
}

async function openIds({ db }: World): Promise<string[]> {
  const rows = await db.selectFrom('runs').select('id').where('state', 'in', ['planned', 'queued', 'running']).execute()
  return rows.map(({ id }) => id)
}

async function stillOpen({ db }: World, ids: string[]): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from runs where id = any(${ids}::uuid[]) and state in ('planned', 'queued', 'running')`.execute(
    db,
  )
  return rows[0]?.n ?? 0
}
