import type { RunRequest } from '../../src/queues/index.ts'
import { defineFault, type Mark, quantile, seconds, type Verdict, verdict } from './fault.ts'
import { type Killing, killHard, rescues } from './killings.ts'
import type { NodeProcess } from './node-process.ts'
import { countReports, makeReports, openRuns, planNightly, type ReportCount, retryUnsent } from './report-world.ts'
import type { World } from './world.ts'

type Size = { kills: number; reports: number; workers: number; everyMs: number; pdfEvery: number; settleMs: number }

const RESCUE_MEDIAN_MS = 15_000
const RESCUE_MAX_MS = 30_000
/** The next kill waits, so long at most, until no more runs than this are open: a slow machine kills more slowly. */
const OPEN_MAX = 60
const CATCH_UP_MS = 20_000
/** A scheduler is killed instead of a worker once in so many kills. */
const SCHEDULER_SHARE = 0.08

export const killWorkers = defineFault<Size>({
  name: 'kill-workers',
  title:
    'SIGKILL of workers at random moments, and of the scheduler now and then, while reports are rendered and mailed',
  mark: '0 lost, 0 mails twice, one object per execution and format, rescue ≤ 15 s median, ≤ 30 s max',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { kills: 8, reports: 30, workers: 2, everyMs: 1500, pdfEvery: 10, settleMs: 150_000 },
  long: { kills: 200, reports: 1000, workers: 4, everyMs: 2200, pdfEvery: 20, settleMs: 180_000 },
  async run(world, size) {
    const requests = await makeReports(world, size.reports, (index) =>
      index % size.pdfEvery === 0 ? ['pdf', 'csv'] : ['csv', 'json', 'html'],
    )
    const killings = await killAllAlong(world, size, requests)
    await settle(world, size)
    const count = await countReports(world)
    world.say(`a person retries ${count.unsent.length} of ${count.unknown} copies of unknown fate: they never left`)
    await retryUnsent(world, count)
    await settle(world, size)
    const waits = await rescues(world, killings)
    world.say(`rescues: ${waits.map((wait) => seconds(wait)).join(', ')}`)
    return judge(size, killings, waits, count, await countReports(world))
  },
})

async function settle(world: World, { settleMs }: Size): Promise<void> {
  await world.until('every run has ended', settleMs, async () => (await openRuns(world)) === 0)
}

/** Keeps the workers at work until the last kill, and asks for the reports in step with the kills. */
async function killAllAlong(world: World, size: Size, requests: RunRequest[]): Promise<Killing[]> {
  let scheduler = await world.start('scheduler')
  const workers: NodeProcess[] = await Promise.all(Array.from({ length: size.workers }, () => world.start('worker')))
  const killings: Killing[] = []
  let asked = 0
  for (let kill = 1; kill <= size.kills; kill += 1) {
    const until = Math.ceil((requests.length * kill) / size.kills)
    await planNightly(world, requests.slice(asked, until))
    asked = until
    await world.sleep(world.random.between(0.2, 1.8) * size.everyMs)
    await catchUp(world)
    if (world.random.chance(SCHEDULER_SHARE)) {
      killings.push(await killHard(scheduler))
      scheduler = await world.launch('scheduler')
    } else {
      const victim = world.random.integer(0, workers.length - 1)
      killings.push(await killHard(workers[victim] as NodeProcess))
      workers[victim] = await world.launch('worker')
    }
    if (kill % 10 === 0) world.say(`${kill} of ${size.kills} kills, ${await openRuns(world)} runs open`)
  }
  return killings
}

async function catchUp(world: World): Promise<void> {
  for (let waitedMs = 0; waitedMs < CATCH_UP_MS && (await openRuns(world)) > OPEN_MAX; waitedMs += 500)
    await world.sleep(500)
}

function judge(
  { reports }: Size,
  killings: Killing[],
  waits: (number | null)[],
  before: ReportCount,
  after: ReportCount,
): Verdict {
  const rescued = waits.filter((wait) => wait !== null)
  const median = quantile(rescued, 0.5)
  const max = quantile(rescued, 1)
  const figures = {
    kills: killings.length,
    reports,
    'attempts killed': waits.length,
    lost: after.lost.length,
    mails: after.mails,
    'mails twice': after.mailedTwice.length,
    'copies of unknown fate': `${before.unknown} (${before.unsent.length} never left, sent by a person's retry)`,
    'objects too many or too few': after.notOnce.length,
    'rescue median': seconds(median),
    max: seconds(max),
  }
  const some = (list: string[]) => list.slice(0, 5).join('; ')
  const marks: Mark[] = [
    [after.lost.length === 0, `lost: ${some(after.lost)}`],
    [after.mailedTwice.length === 0, `mailed twice: ${some(after.mailedTwice)}`],
    [after.missed.length === 0, `on record as sent, never mailed: ${some(after.missed)}`],
    [after.mails === reports, `${after.mails} mails for ${reports} reports`],
    [after.notOnce.length === 0, `not one object: ${some(after.notOnce)}`],
    [after.half.length === 0, `not what was rendered: ${some(after.half)}`],
    [waits.length > 0, 'no kill hit a running attempt: nothing was shown'],
    [rescued.length === waits.length, `${waits.length - rescued.length} killed attempts were never claimed again`],
  ]
  return verdict(figures, marks, [
    [(median ?? 0) <= RESCUE_MEDIAN_MS, `rescue took ${seconds(median)} at the median`],
    [(max ?? 0) <= RESCUE_MAX_MS, `rescue took up to ${seconds(max)}`],
  ])
}
