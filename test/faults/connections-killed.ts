import pg from 'pg'
import { defineFault, verdict } from './fault.ts'
import { settle, startLoad, unharmed } from './steady-load.ts'
import type { World } from './world.ts'

type Size = { reports: number; quick: number; everyMs: number; forMs: number; settleMs: number }

export const connectionsKilled = defineFault<Size>({
  name: 'connections-killed',
  title: 'all connections to PostgreSQL killed every 1.5 s for 60 s, under load',
  mark: '0 lost, 0 doubled; work goes on',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { reports: 6, quick: 30, everyMs: 1_500, forMs: 8_000, settleMs: 150_000 },
  long: { reports: 120, quick: 300, everyMs: 1_500, forMs: 60_000, settleMs: 240_000 },
  async run(world, size) {
    await Promise.all([world.start('scheduler'), world.start('worker'), world.start('worker')])
    const load = await startLoad(world, { ...size, overMs: size.forMs })
    const killed = await killConnections(world, size)
    const meanwhile = await runsDone(world)
    await load.finish()
    const { figures, marks } = unharmed(world, load.reports, await settle(world, size.settleMs))
    return verdict({ 'connections killed': killed, 'runs done meanwhile': meanwhile, ...figures }, [
      ...marks,
      [killed > 0, 'no connection was killed'],
      [meanwhile > 0, 'no run succeeded meanwhile'],
    ])
  },
})

async function runsDone(world: World): Promise<number> {
  const { rows } = await ask(world, 'select count(*)::int as n from runs where state = $1', ['succeeded'])
  return (rows[0] as { n: number }).n
}

/**
 * Everybody's but the one that kills, ours too, for a while and until some run was done all the same. Returns how many.
 */
async function killConnections(world: World, { everyMs, forMs, settleMs }: Size): Promise<number> {
  let killed = 0
  for (let passed = 0; passed < forMs || (passed < settleMs && (await runsDone(world)) === 0); passed += everyMs) {
    await world.sleep(everyMs)
    const { rows } = await ask(
      world,
      `select count(*) filter (where pg_terminate_backend(pid))::int as n from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
      [],
    )
    killed += (rows[0] as { n: number }).n
  }
  return killed
}

/** On a connection of its own. */
async function ask(world: World, text: string, values: unknown[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  try {
    return await client.query(text, values)
  } finally {
    await client.end()
  }
}
