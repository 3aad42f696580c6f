import { createLog } from '../../src/log.ts'
import { createRegistry, on, openQueueBackend } from '../../src/queues/index.ts'
import { createLedger, type Ledger } from '../../src/queues/ledger.ts'
import { OPEN_STATES } from '../../src/run-state.ts'
import { given } from '../support/given.ts'
import { defineFault, verdict } from './fault.ts'
import { nap, poison, testJobs } from './test-jobs.ts'
import type { World } from './world.ts'

const CRASHES_MAX = 4
const WORKERS = 2
/** Each death is noticed within half a minute. */
const DEADLINE_MS = (CRASHES_MAX + 1) * 30_000

export const poisonJob = defineFault({
  name: 'poison',
  title: 'a job whose worker process dies each time it runs',
  mark: `stopped after ${CRASHES_MAX} deaths as 'crashed', no attempt failed; other jobs of its queue go on; a person's retry counts again`,
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { poisonous: 1, naps: 40 },
  long: { poisonous: 3, naps: 1000 },
  async run(world, { poisonous, naps }) {
    const ids = await makePoison(world, poisonous)
    const keep = keepRunning(world)
    const asked = performance.now()
    await given.client(world.db)
    const requests = Array.from({ length: naps }, (_, index) =>
      on(nap, { clientId: 'acme', name: `nap-${index}`, ms: 50, deaf: false }),
    )
    const { ledger, close } = await openLedger(world)
    try {
      await ledger.requestAll(requests, { origin: 'program', requestedBy: 'faults', again: 'no' })
      await world.until(
        'the poison has stopped',
        DEADLINE_MS * poisonous,
        async () => (await stillOpen(world, ids)) === 0,
      )
      const tookMs = performance.now() - asked
      const stopped = await Promise.all(ids.map((id) => ledger.find(id)))
      await world.until('the other jobs ended', DEADLINE_MS, async () => (await napsDone(world)) === naps)
      await world.db.updateTable('clients').set({ name: 'cured' }).where('id', 'like', 'poison-%').execute()
      for (const id of ids) await ledger.retry(id, 'somebody who fixed it')
      await world.until('the retry has ended', DEADLINE_MS, async () => (await stillOpen(world, ids)) === 0)
      const retried = await Promise.all(ids.map((id) => ledger.find(id)))
      const seen = stopped.map((run) => [run?.state, run?.errorCode, run?.crashes, run?.failures].join(' '))
      const cured = retried.map((run) => [run?.state, run?.crashes, run?.failures].join(' '))
      const figures = {
        'workers killed': keep.deaths(),
        'stopped after': `${Math.round(tookMs / 1000)} s`,
        'other jobs done': naps,
      }
      return verdict({ poisonous, ...figures }, [
        [
          seen.every((text) => text === `failed crashed ${CRASHES_MAX} 0`),
          `state, code, crashes, failures: ${seen.join('; ')}`,
        ],
        // The first death shows that something is wrong; from then on it runs where it harms nobody.
        [keep.deaths() <= poisonous, `${keep.deaths()} workers died`],
        [cured.every((text) => text === 'succeeded 0 0'), `after the retry: ${cured.join('; ')}`],
      ])
    } finally {
      keep.stop()
      await close()
    }
  },
})

async function makePoison(world: World, poisonous: number): Promise<string[]> {
  const { ledger, close } = await openLedger(world)
  const ids: string[] = []
  for (let index = 0; index < poisonous; index += 1) {
    const id = await given.client(world.db, { id: `poison-${index}`, name: 'poisonous' })
    const request = on(poison, { clientId: id, name: 'once', ms: 0, deaf: false })
    const options = { origin: 'program', requestedBy: 'faults', again: 'no' } as const
    ids.push((await ledger.request(request, options)).runId)
  }
  await close()
  return ids
}

async function openLedger(world: World): Promise<{ ledger: Ledger; close(): Promise<void> }> {
  const backend = await openQueueBackend({
    pool: world.database.queuePool,
    redisUrl: world.backend === 'redis' ? world.redisUrl : undefined,
    redisCluster: false,
    prefix: world.settings['QUEUE_PREFIX'] ?? 'daybreak',
    log: createLog('silent'),
  })
  return {
    ledger: createLedger({ db: world.db, backend, registry: createRegistry(testJobs), atOnce: null, onPlanned() {} }),
    close: () => backend.close(),
  }
}

/** A scheduler and workers; one that dies is started again, as systemd would. */
function keepRunning(world: World): { deaths(): number; stop(): void } {
  const kept = { deaths: 0, stopped: false }
  const keep = async () => {
    while (!kept.stopped) {
      const node = await world.startProgram('test-node.ts', { ROLES: 'worker' })
      const { signal } = await node.ended
      if (signal === 'SIGKILL') kept.deaths += 1
    }
  }
  // A process that does not come up shows in what does not happen, and in its log.
  const failed = (error: unknown) => world.say(`not started again: ${String(error)}`)
  void world.startProgram('test-node.ts', { ROLES: 'scheduler' }).catch(failed)
  for (let worker = 0; worker < WORKERS; worker += 1) void keep().catch(failed)
  return {
    deaths: () => kept.deaths,
    stop() {
      kept.stopped = true
    },
  }
}

async function stillOpen({ db }: World, ids: string[]): Promise<number> {
  const rows = await db
    .selectFrom('runs')
    .select('id')
    .where('id', 'in', ids)
    .where('state', 'in', OPEN_STATES)
    .execute()
  return rows.length
}

async function napsDone({ db }: World): Promise<number> {
  const rows = await db
    .selectFrom('runs')
    .select('id')
    .where('job', '=', 'nap')
    .where('state', '=', 'succeeded')
    .execute()
  return rows.length
}
