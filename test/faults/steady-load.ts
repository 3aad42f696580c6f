import { sql } from 'kysely'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import { on, type RunRequest } from '../../src/queues/index.ts'
import { addDays } from '../../src/time.ts'
import { countReports, makeReports, openRuns, planNightly, type ReportCount, retryUnsent } from './report-world.ts'
import type { World } from './world.ts'

/** Work that goes on while something breaks. */
export type SteadyLoad = {
  reports: number
  /** Stops asking for more and asks for all that is left, at once. Returns when the ledger has it. */
  finish(): Promise<void>
}

const CLIENT = 'client-0'
/** Away from the day that the reports read. */
const FIRST_QUICK_DAY = '2026-04-01'
const TRY_AGAIN_MS = 200
const ASK_EVERY_MS = 250

/** Makes a world of `reports` reports with one mail each and `quick` roll-ups; returns what to ask for, well mixed. */
export async function someWork(
  world: World,
  { reports, quick }: { reports: number; quick: number },
): Promise<RunRequest[]> {
  const requests = await makeReports(world, reports, () => ['csv', 'json', 'html'])
  const others = Array.from({ length: quick }, (_, index) =>
    on(rollUpDay, { clientId: CLIENT, day: addDays(FIRST_QUICK_DAY, index) }),
  )
  return [...requests, ...others]
    .map((request) => ({ request, place: world.random.unit() }))
    .sort((a, b) => a.place - b.place)
    .map(({ request }) => request)
}

/** The same, asked for little by little over `overMs`. */
export async function startLoad(
  world: World,
  { reports, quick, overMs }: { reports: number; quick: number; overMs: number },
): Promise<SteadyLoad> {
  const all = await someWork(world, { reports, quick })
  let asked = 0
  let rushing = false
  const ask = async () => {
    const steps = Math.max(1, Math.ceil(overMs / ASK_EVERY_MS))
    while (asked < all.length) {
      const next = rushing ? all.slice(asked) : all.slice(asked, asked + Math.ceil(all.length / steps))
      await planSurely(world, next)
      asked += next.length
      if (!rushing) await world.sleep(ASK_EVERY_MS)
    }
  }
  const asking = ask()
  // Heard of by whoever awaits `finish`.
  asking.catch(() => {})
  return {
    reports,
    finish() {
      rushing = true
      return asking
    },
  }
}

/** Asks until the ledger has it: twice is the same as once. */
export async function planSurely(world: World, requests: RunRequest[]): Promise<void> {
  for (;;) {
    try {
      return await planNightly(world, requests)
    } catch (error) {
      world.signal.throwIfAborted()
      // The database is what is being broken; nothing else may refuse a plan.
      if (!isAway(error)) throw error
      await world.sleep(TRY_AGAIN_MS)
    }
  }
}

/** Whether an error says that the database could not be reached, and nothing else. */
function isAway(error: unknown): boolean {
  return /ECONN|EPIPE|terminat|starting up|shutting down|recovery mode|not queryable|connection|cannot be reached/i.test(
    String((error as { code?: string }).code) + (error as Error).message,
  )
}

/** Waits until every run has ended; a person retries copies that nobody knows the fate of, when they never left. */
export async function settle(world: World, withinMs: number): Promise<{ before: ReportCount; after: ReportCount }> {
  const ended = () => world.until('every run has ended', withinMs, async () => (await openRuns(world)) === 0)
  await ended()
  const before = await countReports(world)
  await retryUnsent(world, before)
  await ended()
  return { before, after: await countReports(world) }
}

/** The time from an instant to the first claim after it, in milliseconds. */
export async function firstClaimAfter({ db }: World, atMs: number): Promise<number | null> {
  const { rows } = await sql<{ ms: number | null }>`
    select extract(epoch from min(started_at))::float8 * 1000 as ms
    from run_attempts where started_at > to_timestamp(${atMs}::float8 / 1000)`.execute(db)
  const at = rows[0]?.ms ?? null
  return at === null ? null : at - atMs
}

/** What every fault of the infrastructure holds to: nothing lost, nothing twice, and nobody gone. */
export function unharmed(
  world: World,
  reports: number,
  { before, after }: { before: ReportCount; after: ReportCount },
): { figures: Record<string, string | number>; marks: [boolean, string][] } {
  const some = (list: string[]) => list.slice(0, 5).join('; ')
  const gone = world.processes.filter((node) => !node.isAlive()).map(({ name }) => name)
  return {
    figures: {
      reports,
      lost: after.lost.length,
      mails: after.mails,
      'mails twice': after.mailedTwice.length,
      'copies of unknown fate': before.unknown,
      'objects too many or too few': after.notOnce.length,
      'processes ended': gone.length,
    },
    marks: [
      [after.lost.length === 0, `lost: ${some(after.lost)}`],
      [after.mailedTwice.length === 0, `mailed twice: ${some(after.mailedTwice)}`],
      [after.missed.length === 0, `on record as sent, never mailed: ${some(after.missed)}`],
      [after.mails === reports, `${after.mails} mails for ${reports} reports`],
      [after.notOnce.length === 0, `not one object: ${some(after.notOnce)}`],
      [after.half.length === 0, `not what was rendered: ${some(after.half)}`],
      [gone.length === 0, `processes ended: ${gone.join(', ')}`],
    ],
  }
}
