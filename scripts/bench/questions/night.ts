import {
  prepareJourneys,
  type StandingClient,
  type StandingQuestion,
  standingQuestions,
} from '../../../src/analytics/journeys/index.ts'
import { createQuestions } from '../../../src/analytics/questions/index.ts'
import { type Database, openDatabase } from '../../../src/db/database.ts'
import { createLog } from '../../../src/log.ts'
import { addDays } from '../../../src/time.ts'
import { type Measure, median } from '../table.ts'
import { ms, p95, type Slowest, slowest } from './slowest.ts'

const PREPARED_MAX_MS = 300
/** The second slowest is the p95. */
const ROUNDS = 20

type NightTimes = { nightMs: number; times: { question: StandingQuestion; computedMs: number; first: number[] }[] }

/**
 * How long the night takes to prepare the standing questions on journeys, each alone without it, and each asked for the
 * first time after it: on new connections, with nothing in memory, as in a process that has just started.
 */
async function nightTimes(url: string, { forClient }: Database, client: StandingClient): Promise<NightTimes> {
  const { clientId, today } = client
  const took = async (work: () => Promise<unknown>) => {
    const began = performance.now()
    await work()
    return performance.now() - began
  }
  const nightMs = await took(async () => {
    const asked = { clientId, day: addDays(today, -1), signal: AbortSignal.timeout(900_000) }
    const prepared = await prepareJourneys(forClient(clientId), asked)
    await forClient(clientId).transaction().execute(prepared.store)
  })
  const times: NightTimes['times'] = []
  for (const question of standingQuestions(client)) {
    const computedMs = await took(() => question.ask(forClient(clientId), null))
    const first: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const fresh = openDatabase(url, { max: 2, log: createLog('error') })
      first.push(await took(() => question.ask(fresh.forClient(clientId), createQuestions(fresh).rows)))
      await fresh.close()
    }
    times.push({ question, computedMs, first })
  }
  return { nightMs, times }
}

/** Prepares a night of a client, and measures what it takes and what it saves. */
export async function nightMeasures(url: string, database: Database, client: StandingClient): Promise<Measure[]> {
  const { nightMs, times } = await nightTimes(url, database, client)
  const each = times.map(({ question, computedMs, first }): Measure => {
    const figure = `computed ${ms(computedMs)}; prepared, first asked: median ${ms(median(first))}, p95 ${ms(p95(first))}`
    return { work: `${question.name}; prepared by the night`, figure, mark: '', held: null }
  })
  const prepared = times.map(({ question, first }): Slowest => ({ work: question, p95Ms: p95(first) }))
  return [
    { work: `the night prepares ${times.length} questions`, figure: ms(nightMs), mark: '', held: null },
    ...each,
    slowest('any prepared question on journeys, first asked: the slowest p95', prepared, PREPARED_MAX_MS),
  ]
}
