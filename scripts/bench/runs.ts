import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { type SystemDatabase } from '../../src/db/database.ts'
import { createKey } from '../../src/people/people.ts'
import { expireRuns } from '../../src/queues/runs/expire-runs.ts'
import { sqlFile } from '../../src/sql.ts'
import { addDays, dayOf, systemClock } from '../../src/time.ts'
import { makeDataFolder, startDaybreak } from '../../test/support/program.ts'
import { closeBench, type Measure, percentile, tell } from './table.ts'
import { withServer } from './with-server.ts'

/**
 * `npm run bench:runs`: how quick the board is over a ledger of a million finished runs, asked over HTTP, and how quick
 * the ledger lets go.
 */

const HELP = `npm run bench:runs -- [options]

  --runs N        finished runs in the ledger (default 1000000)
  --requests N    requests of each kind, one after the other (default 40)
  --folder PATH   keep the database there and use it again
  --help          this
`

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    requests: { type: 'string', default: '40' },
    folder: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const RUNS = Number(values.runs)
const REQUESTS = Number(values.requests)
/** The first ones find nothing in memory and no plan made. */
const WARM_UP = 3
const P95_MAX_MS = 500
const CLIENTS = 50
/**
 * Retention lets go of this many of the oldest nights, at least as fast as the fastest engine fills the ledger, in
 * short statements.
 */
const EXPIRED_NIGHTS = 20
const EXPIRED_PER_SECOND_MIN = 1000
const BATCH_MAX_MS = 1000

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  return withServer({ connections: 8, kept: values.folder }, async ({ url, database }) => {
    await fill(database.unhurried)
    const measures = await withBoard(url, database.system)
    return closeBench([...measures, ...(await retention(database.system))])
  })
}

const fillRuns = sqlFile(import.meta.dirname, 'fill-runs.sql')

async function fill(db: SystemDatabase): Promise<void> {
  const { count } = await db
    .selectFrom('runs')
    .select((runs) => runs.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  if (count > 0) return tell(`the ledger holds ${count} runs already`)
  tell(`filling a ledger with ${RUNS} runs: a few minutes`)
  const clients = Array.from({ length: CLIENTS }, (_, index) => ({
    id: `client-${index}`,
    name: `Client ${index}`,
    time_zone: 'UTC',
    currency: 'EUR',
  }))
  await db.insertInto('clients').values(clients).execute()
  await fillRuns(db, [RUNS])
  await sql`insert into run_attempts (run_id, attempt, node, started_at, finished_at, outcome, error_code, error_message, error_stack)
    select id, attempt, node, started_at, finished_at, state, error_code, error_message, error_message from runs order by planned_at`.execute(
    db,
  )
  await sql`insert into run_logs (run_id, attempt, line, at, level, message)
    select id, attempt, 1, finished_at, 'info', 'done with ' || key from runs order by planned_at`.execute(db)
  await sql`insert into run_dependencies (run_id, job, key)
    select r.id, n.job, n.key from runs r join runs n on n.client_id = r.client_id and n.night = r.night and n.job = 'roll-up-day'
    where r.queue in ('segments', 'predictions', 'reports') and r.client_id <> 'client-0'`.execute(db)
  await sql`vacuum analyze`.execute(db)
}

type Ask = { work: string; path: string; body?: object }

async function withBoard(databaseUrl: string, db: SystemDatabase): Promise<Measure[]> {
  const actor = { kind: 'command-line', id: 'bench', name: 'bench', ip: null } as const
  const { key } = await createKey(db, { name: 'bench', role: 'operator', clientId: null, expiresAt: null }, actor)
  const data = await makeDataFolder()
  const settings = { DATABASE_URL: databaseUrl, DATA_DIR: data.path, ROLES: 'board', REQUESTS_PER_SECOND: '1000' }
  const board = await startDaybreak(settings)
  try {
    const measures: Measure[] = []
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }
    for (const ask of await asks(db)) measures.push(await measure(board.url, headers, ask))
    return [...measures, await wholeSearch(board.url, headers)]
  } finally {
    await board.stop()
    await data.remove()
  }
}

async function asks(db: SystemDatabase): Promise<Ask[]> {
  const yesterday = addDays(dayOf(systemClock(), 'UTC'), -1)
  const old = addDays(yesterday, -Math.floor(RUNS / 2500 / 2))
  const { id } = await db
    .selectFrom('runs')
    .select('id')
    .where('state', '=', 'failed')
    .limit(1)
    .executeTakeFirstOrThrow()
  const { runs, nextCursor } = { runs: '/api/runs', nextCursor: await middle(db) }
  const list = (work: string, query: string) => ({ work: `API: ${work}`, path: `${runs}?${query}` })
  const bulk = (action: string) => ({
    work: `API: count what a bulk ${action} takes`,
    path: `${runs}/bulk`,
    body: { action, filter: {}, dryRun: true },
  })
  return [
    { work: 'page: runs', path: '/runs' },
    { work: 'page: runs, failed', path: '/runs?state=failed' },
    { work: 'page: runs, a word', path: '/runs?text=mailbox' },
    { work: 'page: a run', path: `/runs/${id}` },
    { work: 'page: last night', path: '/' },
    { work: 'page: an old night', path: `/?day=${old}` },
    list('every run', ''),
    list('every run, from the middle', `cursor=${nextCursor}`),
    list('a client', 'client=client-7'),
    list('a client gone long ago', 'client=client-48'),
    list('a job', 'job=render-report'),
    list('a job gone long ago', 'job=old-import'),
    ...['succeeded', 'failed', 'cancelled', 'running', 'failed,cancelled'].map((each) =>
      list(each.replace(',', ' or '), `state=${each}`),
    ),
    list('last night', `night=${yesterday}`),
    list('an old night', `night=${old}`),
    list('a window of last week', `from=${addDays(yesterday, -7)}&to=${yesterday}`),
    list('a window long ago', `from=${addDays(old, -7)}&to=${old}`),
    list('asked for by people', 'origin=person'),
    list('an origin that never was', 'origin=late-facts'),
    list('planned long ago', `plannedFrom=${addDays(old, -7)}&plannedTo=${old}`),
    list('a client and a job', 'client=client-7&job=refresh-tiers'),
    list('a client, failed', 'client=client-7&state=failed'),
    list('a job, failed', 'job=forecast-call-volume&state=failed'),
    list('a client and an old night', `client=client-7&night=${old}`),
    list('a client and an old window', `client=client-7&from=${addDays(old, -7)}&to=${old}`),
    list('a word of many errors', 'text=mailbox'),
    list('a part of one key', 'text=client-3.2025-'),
    list('words that are nowhere', 'text=nowhere+to+be+found'),
    list('words in what failed', 'text=nowhere+to+be+found&state=failed'),
    list('words in what a client did', 'text=nowhere+to+be+found&client=client-7'),
    list('the id of a run', `text=${id}`),
    { work: 'API: a run', path: `/api/runs/${id}` },
    bulk('retry'),
    bulk('discard'),
    { work: '/metrics', path: '/metrics' },
  ]
}

/** The cursor of the run in the middle of the ledger. */
async function middle(db: SystemDatabase): Promise<string> {
  const { id, planned_at: at } = await db
    .selectFrom('runs')
    .select(['id', 'planned_at'])
    .orderBy('planned_at')
    .offset(Math.floor(RUNS / 2))
    .limit(1)
    .executeTakeFirstOrThrow()
  return Buffer.from(`${at} ${id}`).toString('base64url')
}

async function measure(url: string, headers: Record<string, string>, { work, path, body }: Ask): Promise<Measure> {
  const times: number[] = []
  let found = ''
  for (let request = -WARM_UP; request < REQUESTS; request += 1) {
    const begun = performance.now()
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(url + path, { headers, ...init })
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 500)}`)
    if (request >= 0) times.push(performance.now() - begun)
    found = path.startsWith('/api/runs?') ? `, ${foundIn(text)}` : ''
  }
  const [p50, p95] = [percentile(times, 0.5), percentile(times, 0.95)]
  tell(`${work}: p50 ${Math.round(p50)} ms, p95 ${Math.round(p95)} ms${found}`)
  return {
    work,
    figure: `p95 ${Math.round(p95)} ms, p50 ${Math.round(p50)} ms${found}`,
    mark: `p95 ≤ ${P95_MAX_MS} ms`,
    held: p95 <= P95_MAX_MS,
  }
}

function foundIn(text: string): string {
  const { runs, lookedBackTo } = JSON.parse(text) as { runs: unknown[]; lookedBackTo: string | null }
  return `${runs.length} runs${lookedBackTo === null ? '' : `, looked back to ${lookedBackTo.slice(0, 10)}`}`
}

/** How long it takes to know that words are nowhere in the whole ledger. */
async function wholeSearch(url: string, headers: Record<string, string>): Promise<Measure> {
  const begun = performance.now()
  let requests = 0
  let place = ''
  do {
    const response = await fetch(`${url}/api/runs?text=nowhere+to+be+found${place}`, { headers })
    const { nextCursor } = (await response.json()) as { nextCursor: string | null }
    requests += 1
    place = nextCursor === null ? '' : `&cursor=${nextCursor}`
  } while (place !== '')
  const seconds = (performance.now() - begun) / 1000
  const figure = `${seconds.toFixed(1)} s in ${requests} requests`
  return { work: 'API: words that are nowhere, to the end of the ledger', figure, mark: '', held: null }
}

/** Deletes the oldest nights as the nightly job does, one batch after the other. */
async function retention(db: SystemDatabase): Promise<Measure[]> {
  const { days } = await db
    .selectFrom('runs')
    .select(sql<number>`extract(day from now() - min(finished_at))::int`.as('days'))
    .executeTakeFirstOrThrow()
  const times: number[] = []
  let deleted = 0
  for (let isDone = false; !isDone; ) {
    const begun = performance.now()
    const batch = await expireRuns(db, Math.max(0, days - EXPIRED_NIGHTS), {
      budgetMs: 0,
      signal: AbortSignal.timeout(60_000),
    })
    times.push(performance.now() - begun)
    deleted += batch.deleted
    isDone = batch.isDone
  }
  const perSecond = deleted / (times.reduce((sum, each) => sum + each, 0) / 1000)
  const p95 = percentile(times, 0.95)
  return [
    {
      work: 'retention: runs deleted with their attempts, lines and dependencies',
      figure: `${deleted} runs, ${Math.round(perSecond)} a second`,
      mark: `≥ ${EXPIRED_PER_SECOND_MIN} a second`,
      held: perSecond >= EXPIRED_PER_SECOND_MIN,
    },
    {
      work: 'retention: how long one batch holds its rows',
      figure: `p95 ${Math.round(p95)} ms, at most ${Math.round(Math.max(...times))} ms`,
      mark: `p95 ≤ ${BATCH_MAX_MS} ms`,
      held: p95 <= BATCH_MAX_MS,
    },
  ]
}

process.exitCode = await main()
