import { sql } from 'kysely'
import { renderReport } from '../../src/jobs/render-report.ts'
import { createKey } from '../../src/people/people.ts'
import { on } from '../../src/queues/index.ts'
import { planAgain } from '../../src/queues/runs/plan-runs.ts'
import { given } from '../support/given.ts'
import { givenReportSchedule } from '../support/report-schedules.ts'
import { defineFault, verdict } from './fault.ts'
import type { NodeProcess } from './node-process.ts'
import { openRuns, planNightly } from './report-world.ts'
import type { World } from './world.ts'

type Size = { mails: number; watchMs: number }

const SETTLE_MS = 240_000
const WORKERS = 2

export const killAfter250 = defineFault<Size>({
  name: 'kill-after-250',
  title: "SIGKILL of the worker between the mail server's 250 and the commit, and right before the message is sent",
  mark: "at most one mail; the copy is shown as unknown; never resent silently; a person's retry sends it once",
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { mails: 2, watchMs: 12_000 },
  long: { mails: 20, watchMs: 60_000 },
  async run(world, { mails, watchMs }) {
    await askForMails(
      world,
      ['after', 'before'].flatMap((when) => Array.from({ length: mails }, (_, n) => `${when}-${n}@acme.example`)),
    )
    const kills = killAtMail(world)
    await world.start('scheduler')
    const keep = keepWorking(world)
    try {
      await world.until(
        'every copy is decided',
        SETTLE_MS,
        async () => kills.size >= 2 * mails && (await openRuns(world)) === 0,
      )
      const decided = await copiesOf(world)
      world.say(`${kills.size} workers killed; watching for ${watchMs / 1000} s whether anything is sent again`)
      await world.sleep(watchMs)
      const later = await copiesOf(world)
      const shown = await shownAsUnknown(world)
      const unsent = decided.filter(({ address }) => address.startsWith('before-'))
      await planAgain(
        world.db,
        unsent.map(({ run_id: id }) => ({ id })),
        ['failed'],
        {
          origin: 'person',
          requestedBy: 'the recipient said so',
          priority: 1,
        },
      )
      await world.until('the retries have ended', SETTLE_MS, async () => (await openRuns(world)) === 0)
      const counts = mailsByAddress(world)
      const twice = [...counts].filter(([, count]) => count > 1)
      const figures = { 'killed after 250': mails, 'killed before DATA': mails, 'mails twice': twice.length, shown }
      return verdict(figures, [
        [
          decided.every(({ state }) => state === 'unknown'),
          `copies are ${[...new Set(decided.map(({ state }) => state))].join(', ')}`,
        ],
        [
          decided.every(({ address, mails }) => mails === (address.startsWith('after-') ? 1 : 0)),
          `mails: ${describe(decided)}`,
        ],
        [describe(later) === describe(decided), `sent again by itself: ${describe(later)}`],
        [shown === 2 * mails, `${shown} of ${2 * mails} are shown as unknown by the API`],
        [twice.length === 0, `mailed twice: ${twice.map(([address]) => address).join(', ')}`],
        [counts.size === 2 * mails, `${counts.size} of ${2 * mails} recipients have their mail after the retry`],
      ])
    } finally {
      keep.stop()
    }
  },
})

/** One report that goes to many. */
export async function askForMails(world: World, addresses: string[]): Promise<void> {
  const { db } = world
  await given.client(db)
  await given.calls(db, [['2026-03-02T09:00:00Z', { talk_s: 60 }]])
  const recipients = addresses.map((address) => ({ address, formats: ['csv' as const] }))
  const about = { report: 'performance' as const, formats: ['csv' as const] }
  const scheduleId = await givenReportSchedule(db, { recipients, asked: about })
  const window = { from: '2026-03-02', to: '2026-03-03' }
  await planNightly(world, [on(renderReport, { clientId: 'acme', ...about, ...window, scheduleId, request: null })])
}

/** Kills whoever sends: at the first mail to each address. Returns the addresses at which it did. */
function killAtMail(world: World): Set<string> {
  const killed = new Set<string>()
  const killSender = async (address: string): Promise<(() => void) | undefined> => {
    if (killed.has(address)) return
    const sender = await senderOf(world, address)
    return () => {
      killed.add(address)
      sender.signal('SIGKILL')
    }
  }
  world.smtp.behave(async ([address = '']) => {
    const kill = address.startsWith('after-') ? await killSender(address) : undefined
    return { kind: 'accept', ...(kill && { afterwards: kill }) }
  })
  world.smtp.onRecipient(async (address) => {
    if (!address.startsWith('before-')) return
    const kill = await killSender(address)
    kill?.()
    // The message never comes: its sender is gone.
    if (kill) await world.sleep(1000)
  })
  return killed
}

/** The process that sends the mail to an address just now. */
export async function senderOf(world: World, address: string): Promise<NodeProcess> {
  const row = await world.db
    .selectFrom('deliveries as d')
    .innerJoin('runs as r', (join) => join.on(sql`r.payload ->> 'deliveryId'`, '=', sql`d.id::text`))
    .select('r.node')
    .where('d.address', '=', address)
    .executeTakeFirst()
  const sender = world.processes.find((node) => row?.node?.includes(`-${node.pid}-`))
  if (!sender) throw new Error(`nobody sends the mail to ${address}`)
  return sender
}

/** Workers that send one mail at a time, so that a kill hits one only; one that is killed is started again. */
function keepWorking(world: World): { stop(): void } {
  const kept = { stopped: false }
  const keep = async () => {
    while (!kept.stopped) {
      const node: NodeProcess = await world.launch('worker', { CONCURRENCY_DELIVERIES: '1' })
      await node.ended
    }
  }
  const failed = (error: unknown) => world.say(`not started again: ${String(error)}`)
  for (let worker = 0; worker < WORKERS; worker += 1) void keep().catch(failed)
  return {
    stop() {
      kept.stopped = true
    },
  }
}

type CopyState = { address: string; state: string; run_id: string; mails: number }

async function copiesOf(world: World): Promise<CopyState[]> {
  const { rows } = await sql<Omit<CopyState, 'mails'>>`
    select d.address, d.state, r.id as run_id from deliveries d
    join runs r on r.job = 'deliver-copy' and r.payload ->> 'deliveryId' = d.id::text order by d.address`.execute(
    world.db,
  )
  const counts = mailsByAddress(world)
  return rows.map((row) => ({ ...row, mails: counts.get(row.address) ?? 0 }))
}

function describe(copies: CopyState[]): string {
  return copies.map(({ address, state, mails }) => `${address} ${state} ${mails}`).join(', ')
}

export function mailsByAddress({ smtp }: World): Map<string, number> {
  const counts = new Map<string, number>()
  for (const address of smtp.received.flatMap(({ to }) => to)) counts.set(address, (counts.get(address) ?? 0) + 1)
  return counts
}

/** How many copies the API shows as of unknown fate: the run with its code, and the execution with its count. */
async function shownAsUnknown(world: World): Promise<number> {
  const board = await world.start('board')
  const options = { name: 'faults', role: 'viewer', clientId: null, expiresAt: null } as const
  const { key } = await createKey(world.db, options, { kind: 'command-line', id: 'faults', name: 'faults', ip: null })
  const ask = async (path: string) => {
    const response = await fetch(board.url() + path, { headers: { Authorization: `Bearer ${key}` } })
    return (await response.json()) as Record<string, never>
  }
  const { runs } = (await ask('/api/runs?job=deliver-copy&state=failed&limit=100')) as unknown as {
    runs: { errorCode: string }[]
  }
  const { executions } = (await ask('/api/reports/executions?limit=10')) as unknown as {
    executions: { deliveries: Record<string, number> }[]
  }
  await board.kill('SIGTERM')
  const coded = runs.filter(({ errorCode }) => errorCode === 'delivery-unknown').length
  return Math.min(coded, executions[0]?.deliveries['unknown'] ?? 0)
}
