import { dimensionsOf, METRICS } from '../../src/analytics/metrics/index.ts'
import { addDays } from '../../src/time.ts'
import { askerOf } from './ask.ts'
import type { LoadRequest } from './flood.ts'
import type { FloodWorld } from './flood-world.ts'
import { keyOf, OURS, personOf, type Visitor } from './visitors.ts'

/** Requests that differ, so that what was answered before is no answer to the next. */
const VARIANTS = 40
const METRICS_MAX = 50
const FACTS_MAX = 10_000
const UPLOAD_ROWS = 20_000

export type FloodPlace = Parameters<typeof keyOf>[0]

/** Who floods with what: the dearest that each may ask for. */
export type Flood = {
  name: string
  title: string
  /**
   * So many at once are more than one person or key may read at once: a limit answers some, on the slowest machine too.
   */
  isLimited: boolean
  requests(place: FloodPlace, world: FloodWorld): Promise<LoadRequest[]>
}

const get = (path: string, headers: Record<string, string> = {}): LoadRequest => ({
  method: 'GET',
  path,
  headers,
  body: null,
})

const variants = <One>(make: (index: number) => One): One[] =>
  Array.from({ length: VARIANTS }, (_, index) => make(index))

/** Somebody else each time, as a proxy on this machine would say. */
const fromElsewhere = (index: number) => ({ 'X-Forwarded-For': `198.51.100.${1 + (index % 250)}` })

const BROWSER = { Accept: 'text/html' }

export const floods: readonly Flood[] = [
  {
    name: 'documentation',
    title: 'a stranger: /docs',
    isLimited: false,
    requests: async () => [get('/docs', BROWSER)],
  },
  {
    name: 'openapi',
    title: 'a stranger: /openapi.json',
    isLimited: false,
    requests: async () => [get('/openapi.json')],
  },
  {
    name: 'nowhere',
    title: 'a stranger: addresses that are none',
    isLimited: false,
    requests: async () => variants((index) => get(`/nowhere/${index}?q=${'x'.repeat(2000)}`, BROWSER)),
  },
  {
    name: 'wrong-keys',
    title: 'strangers of many addresses: wrong keys',
    isLimited: false,
    requests: async () =>
      variants((index) => {
        const key = `Bearer dbk_${String(index).padStart(43, 'x')}`
        return get('/api/runs', { ...fromElsewhere(index), Authorization: key })
      }),
  },
  {
    name: 'sign-ins',
    title: 'strangers of many addresses: sign-ins of people there are and are not',
    isLimited: false,
    requests: signIns,
  },
  {
    name: 'metrics',
    title: 'a viewer’s key: the largest answer about metrics',
    isLimited: true,
    requests: async (place, world) => metricQuestions(place, await keyOf(place, 'viewer', OURS), world),
  },
  {
    name: 'metrics-of-a-person',
    title: 'a supervisor of one client: the same',
    isLimited: true,
    requests: async (place, world) => metricQuestions(place, await personOf(place, 'supervisor', OURS), world),
  },
  {
    name: 'journeys',
    title: 'finance of one client: funnels, cohorts, lifetime value and attribution',
    isLimited: true,
    requests: async (place, world) => journeyQuestions(await personOf(place, 'finance', OURS), world),
  },
  {
    name: 'facts',
    title: 'an ingest key: ten thousand facts a request',
    isLimited: false,
    requests: async (place) => {
      const { headers } = await keyOf(place, 'ingest', OURS)
      return variants((index) => ({
        method: 'POST',
        path: '/api/facts/interactions',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: Buffer.from(factsOf(index)).toString('base64'),
      })).slice(0, 4)
    },
  },
  {
    name: 'uploads',
    title: 'an ingest key: files to import',
    isLimited: false,
    requests: async (place) => {
      const { headers } = await keyOf(place, 'ingest', OURS)
      const body = Buffer.from(csvOf()).toString('base64')
      const path = '/api/imports?kind=payments&dryRun=true'
      return [{ method: 'POST', path, headers: { ...headers, 'Content-Type': 'text/csv' }, body }]
    },
  },
  {
    name: 'pages',
    title: 'an operator: the night, the search of runs, the queues',
    isLimited: true,
    requests: async (place) => {
      const { headers } = await personOf(place, 'operator', null)
      const paths = [
        '/',
        '/runs?text=a',
        '/freshness',
        '/queues/api/queues?page=1',
        '/schedules',
        '/runs/bulk?job=roll-up-day',
      ]
      return paths.map((path) => get(path, { ...headers, ...BROWSER }))
    },
  },
  {
    name: 'exports',
    title: 'an admin: lists as long as they may be, the audit log, /metrics',
    isLimited: true,
    requests: async (place) => {
      const { headers } = await keyOf(place, 'admin', null)
      const paths = ['/api/runs?limit=200', '/audit', '/metrics', '/api/reports/executions?limit=200', '/openapi.json']
      return paths.map((path) => get(path, headers))
    },
  },
]

async function signIns(place: FloodPlace): Promise<LoadRequest[]> {
  await personOf(place, 'viewer', OURS)
  const page = await fetch(`${place.url}/sign-in`, { headers: BROWSER })
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const users = await place.database.system.selectFrom('users').select('email').limit(1).execute()
  const Cookie = page.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return Array.from({ length: 1000 }, (_, index) => {
    const email = index % 2 === 0 ? (users[0]?.email ?? '') : `nobody-${index}@example.com`
    const form = new URLSearchParams({ csrf, email, password: `guess ${index}`, next: '' })
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
    return {
      method: 'POST',
      path: '/sign-in',
      headers: { ...BROWSER, ...type, ...fromElsewhere(index), Cookie },
      body: Buffer.from(form.toString()).toString('base64'),
    }
  })
}

const SIZES = [METRICS_MAX, 25, 12, 8, 6, 4, 3, 2, 1]

/**
 * A year by day and agent, compared to both years there are to compare with, in as many metrics as the board answers at
 * once.
 */
async function metricQuestions(
  { url }: FloodPlace,
  { headers }: Visitor,
  { from, to }: FloodWorld,
): Promise<LoadRequest[]> {
  const names = Object.values(METRICS)
    .filter((metric) => metric.kind === 'sums' && dimensionsOf(metric).includes('agent'))
    .map(({ name }) => name)
  const question = (metrics: number, index: number) => {
    const range = `from=${addDays(from, -index)}&to=${addDays(to, -index)}`
    const by = 'granularity=day&dimension=agent&compare=previous,last-year'
    return get(`/api/analytics/metrics?metrics=${names.slice(0, metrics).join(',')}&${range}&${by}`, headers)
  }
  const ask = askerOf(url)
  for (const size of SIZES) {
    const { method, path } = question(size, 0)
    const { status, text } = await ask({ method, path, headers })
    if (status >= 500 || status === 429)
      throw new Error(`a question alone is answered ${status}: ${text.slice(0, 200)}`)
    if (status !== 200) continue
    ask.close()
    return variants((index) => question(size, index))
  }
  throw new Error('no question about a year of agents is answered')
}

function journeyQuestions({ headers }: Visitor, { from, to, journeyFrom }: FloodWorld): LoadRequest[] {
  const analytics = '/api/admin/analytics'
  const steps = 'step=event:visit&step=event:sign-up&step=event:order'
  return variants((index) => {
    const end = `to=${addDays(to, -(index % 20))}`
    return [
      `${analytics}/funnel?from=${journeyFrom}&${end}&${steps}&by=role&withinDays=${1 + (index % 60)}`,
      `${analytics}/conversion-rates?from=${journeyFrom}&${end}&${steps}&by=channel`,
      `${analytics}/cohorts?from=${from}&${end}&grain=week&periods=60`,
      `${analytics}/client-ltv?from=${from}&${end}&horizonMonths=60&top=200`,
      `${analytics}/attribution?from=${journeyFrom}&${end}&conversion=event:order&model=time-decay&by=campaign`,
    ].map((path) => get(path, headers))
  }).flat()
}

function factsOf(batch: number): string {
  const started_at = Temporal.Now.instant()
    .subtract({ hours: 1 + batch })
    .toString()
  return JSON.stringify(
    Array.from({ length: FACTS_MAX }, (_, index) => ({
      ...{
        id: `f${batch}-${index}`,
        started_at,
        channel: 'voice',
        status: 'answered',
        agent_id: `agent-${index % 27}`,
      },
      ...{ customer_id: `c${index % 5000}`, wait_s: index % 90, talk_s: index % 400 },
    })),
  )
}

function csvOf(): string {
  const rows = Array.from({ length: UPLOAD_ROWS }, (_, index) => `p${index},2026-03-01T10:00:00Z,charge,${index},EUR`)
  return `id,occurred_at,kind,amount_minor,currency\n${rows.join('\n')}\n`
}
