import { treeOf } from '../../src/queues/child/process-tree.ts'
import { defineFault, verdict } from '../faults/fault.ts'
import type { NodeProcess } from '../faults/node-process.ts'
import type { World } from '../faults/world.ts'
import { given } from '../support/given.ts'
import { type Ask, askerOf } from './ask.ts'
import { cpuSeconds } from './cpu-seconds.ts'
import { doublings, type HostileFile, singles } from './hostile-files.ts'
import { checkWorks, FAST } from './lives.ts'
import { keyOf, OURS } from './visitors.ts'

const FINDS_SHOWN = 5
/** Twice the file is twice the work; three times is more than any start of a process explains. */
const TIMES_MAX = 3
/** Below this, what a process needs to start and end outweighs the file. */
const NOISE_S = 3
/** A small file is imported in a few; on the slowest machine this is waiting for somebody. */
const NEIGHBOUR_MAX_S = 45

export const files = defineFault({
  name: 'files',
  title:
    'files to import that are bombs, or have 60,000 sheets and relations, rows without end, deep XML and JSON, nothing but quotes, an endless header, or names with ../, CR LF, NUL, formulas',
  mark: 'each import ends, taken or refused, without the end of its process; twice the file takes at most 3 times the processor time; another client’s file is imported within 45 s meanwhile; the process lives, and still does a run',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { scale: 0.02, fileMaxMs: 60_000 },
  long: { scale: 1, fileMaxMs: 300_000 },
  async run(world, { scale, fileMaxMs }) {
    for (const id of [OURS, NEIGHBOUR]) await given.client(world.db, { id, name: id })
    const node = await world.start('scheduler,worker,board', FAST)
    const visit = await openVisit(world, node, fileMaxMs)
    const finds: string[] = []
    const figures: Record<string, string | number> = { files: 0 }
    for (const make of singles) {
      const file = await make(scale)
      const { state, seconds, crashes } = await visit.importOf(file)
      figures['files'] = Number(figures['files']) + 1
      if (crashes > 0) finds.push(`${file.name}: its process ended ${crashes} times`)
      if (state === null) finds.push(`${file.name}: not over after ${Math.round(seconds)} s`)
    }
    for (const { name, make } of doublings) {
      const [once, twice] = [await visit.importOf(await make(scale, 1)), await visit.importOf(await make(scale, 2))]
      const words = `${once.cpuS.toFixed(1)} → ${twice.cpuS.toFixed(1)} s`
      figures[name] = words
      if (once.state === null || twice.state === null) finds.push(`${name}: not over in time`)
      else if (once.crashes + twice.crashes > 0)
        finds.push(`${name}: their processes ended ${once.crashes + twice.crashes} times`)
      else if (twice.cpuS > TIMES_MAX * once.cpuS + NOISE_S) finds.push(`${name}: ${words}`)
    }
    visit.end()
    await checkWorks(world, node, 'all of them')
    return verdict({ ...figures, 'slowest import of the neighbour': `${Math.round(visit.slowestNeighbourS())} s` }, [
      [finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')],
      [visit.slowestNeighbourS() < NEIGHBOUR_MAX_S, 'a neighbour’s import had to wait for a file of ours'],
    ])
  },
})

const NEIGHBOUR = 'neighbour'
const POLL_MS = 100

type Ended = { state: string | null; seconds: number; crashes: number }
type Imported = Ended & { cpuS: number }

/** Uploads files as their sender would, each beside a small one of a neighbour, and waits for their ends. */
async function openVisit(world: World, node: NodeProcess, fileMaxMs: number) {
  const place = { database: world.database, url: node.url() }
  const ours = await keyOf(place, 'ingest', OURS)
  const neighbours = await keyOf(place, 'ingest', NEIGHBOUR)
  const ask = askerOf(node.url())
  let slowestNeighbourS = 0
  return {
    end: () => ask.close(),
    slowestNeighbourS: () => slowestNeighbourS,
    async importOf(file: HostileFile): Promise<Imported> {
      const [began, cpuBefore] = [performance.now(), cpuSeconds(treeOf(node.pid))]
      const id = await upload(ask, ours.headers, file)
      const beside = await upload(ask, neighbours.headers, NEIGHBOURS)
      if (beside === null) throw new Error('the small file of a neighbour was refused')
      const neighbour = await endOf(world, beside, fileMaxMs)
      slowestNeighbourS = Math.max(slowestNeighbourS, neighbour.seconds)
      const { state, crashes } =
        id === null ? { state: 'refused at the door', crashes: 0 } : await endOf(world, id, fileMaxMs)
      if (!node.isAlive()) throw new Error(`the process ended under ${file.name}`)
      return {
        state,
        crashes,
        seconds: (performance.now() - began) / 1000,
        cpuS: cpuSeconds(treeOf(node.pid)) - cpuBefore,
      }
    },
  }
}

const NEIGHBOURS: HostileFile = { name: 'small.csv', body: Buffer.from('id,name\nc1,One\n'), kind: 'customers' }

/** null: refused at the door. */
async function upload(
  ask: Ask,
  headers: Record<string, string>,
  { name, body, kind }: HostileFile,
): Promise<string | null> {
  const path = `/api/imports?kind=${kind}&fileName=${encodeURIComponent(name)}`
  const type = { 'Content-Type': 'application/octet-stream' }
  const { status, text } = await ask({ method: 'POST', path, headers: { ...headers, ...type }, body })
  if (status === 202) return (JSON.parse(text) as { id: string }).id
  if (status >= 400 && status < 500) return null
  throw new Error(`the upload of ${name} is answered ${status}: ${text.slice(0, 200)}`)
}

async function endOf({ db, sleep }: World, id: string, withinMs: number): Promise<Ended> {
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  for (;;) {
    const run = await db
      .selectFrom('runs')
      .select(['state', 'crashes'])
      .where('job', '=', 'import-file')
      .where('key', 'like', `%${id}%`)
      .executeTakeFirst()
    if (run !== undefined && ['succeeded', 'failed', 'cancelled'].includes(run.state))
      return { state: run.state, seconds: seconds(), crashes: run.crashes }
    if (seconds() * 1000 > withinMs) return { state: null, seconds: seconds(), crashes: run?.crashes ?? 0 }
    await sleep(POLL_MS)
  }
}
