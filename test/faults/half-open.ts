import { sql } from 'kysely'
import { defineFault, quantile, seconds, verdict } from './fault.ts'
import { settle, startLoad, unharmed } from './steady-load.ts'
import { type SwallowingProxy, startSwallowingProxy, throughProxy } from './swallowing-proxy.ts'
import type { World } from './world.ts'

type Size = { reports: number; quick: number; beforeMs: number; deadMs: number; afterMs: number; settleMs: number }

const LATE_MS = 60_000

export const halfOpen = defineFault<Size>({
  name: 'half-open',
  title:
    'half-open TCP for 60 s: every connection to PostgreSQL and Redis swallows all bytes and stays open; new ones do the same until the end',
  mark: 'no run picked up more than 60 s late (counted from when connections are possible again)',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  // Little to do, or a run would be late for the others before it.
  short: { reports: 6, quick: 20, beforeMs: 2_000, deadMs: 12_000, afterMs: 1_000, settleMs: 150_000 },
  long: { reports: 16, quick: 60, beforeMs: 8_000, deadMs: 60_000, afterMs: 10_000, settleMs: 240_000 },
  async run(world, size) {
    const proxies: SwallowingProxy[] = []
    try {
      const settings = await proxied(world, proxies)
      await Promise.all([
        world.start('scheduler', settings),
        world.start('worker', settings),
        world.start('worker', settings),
      ])
      // Our own plans go past the proxy: runs fall due all the while.
      const load = await startLoad(world, { ...size, overMs: size.beforeMs + size.deadMs + size.afterMs })
      await world.sleep(size.beforeMs)
      const deadMs = Date.now()
      for (const proxy of proxies) proxy.swallow()
      world.say('every connection is half-open')
      await world.sleep(size.deadMs)
      const healedMs = Date.now()
      for (const proxy of proxies) proxy.heal()
      world.say('new connections pass')
      await world.sleep(size.afterMs)
      await load.finish()
      const { figures, marks } = unharmed(world, load.reports, await settle(world, size.settleMs))
      const late = await lateness(world, deadMs, healedMs)
      const most = quantile(late, 1)
      return verdict(
        {
          'runs due meanwhile': late.length,
          'latest pick-up': seconds(most),
          'at the median': seconds(quantile(late, 0.5)),
          ...figures,
        },
        [...marks, [late.length > 0, 'no run fell due meanwhile']],
        [[(most ?? Infinity) <= LATE_MS, `a run was picked up ${seconds(most)} late`]],
      )
    } finally {
      for (const proxy of proxies) await proxy.stop()
    }
  },
})

/** The settings of a process that reaches its servers by way of proxies. */
async function proxied(world: World, proxies: SwallowingProxy[]): Promise<Record<string, string>> {
  const through = async (url: string) => {
    const { hostname, port } = new URL(url)
    const proxy = await startSwallowingProxy({ host: hostname, port: Number(port) })
    proxies.push(proxy)
    return throughProxy(url, proxy)
  }
  return {
    DATABASE_URL: await through(world.databaseUrl),
    ...(world.backend === 'redis' ? { REDIS_URL: await through(world.redisUrl) } : {}),
  }
}

/**
 * How late each run was claimed for good that could have been at work while nothing arrived: in milliseconds after it
 * could have been, which is when connections were possible again and what it depends on was done.
 */
async function lateness({ db }: World, deadMs: number, healedMs: number): Promise<number[]> {
  const { rows } = await sql<{ ms: number }>`
    select extract(epoch from a.started_at)::float8 * 1000
      - greatest(${healedMs}::float8, extract(epoch from coalesce(needed.at, r.planned_at))::float8 * 1000) as ms
    from runs r
    join run_attempts a on a.run_id = r.id and a.attempt = r.attempt
    left join lateral (
      select max(n.finished_at) as at from run_dependencies d join runs n on n.job = d.job and n.key = d.key where d.run_id = r.id
    ) needed on true
    where a.started_at > to_timestamp(${deadMs}::float8 / 1000) and r.planned_at < to_timestamp(${healedMs}::float8 / 1000)`.execute(
    db,
  )
  return rows.map(({ ms }) => Math.max(0, ms))
}
