import { randomBytes } from 'node:crypto'
import { afterAll, expect, test, vi } from 'vitest'
import { freePort } from '../../src/db/embedded-server.ts'
import { createKey } from '../../src/people/people.ts'
import { openCollector, type ReceivedSpan } from '../support/collector.ts'
import { ACME, given } from '../support/given.ts'
import { PATIENCE } from '../support/patience.ts'
import { makeDataFolder, runDaybreak, startDaybreak } from '../support/program.ts'
import { givenReportSchedule } from '../support/report-schedules.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database, url: databaseUrl } = await createTestDatabase()
const db = database.system
const data = await makeDataFolder()
const collector = await openCollector()
const settings = {
  DATABASE_URL: databaseUrl,
  DATA_DIR: data.path,
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=day%20break',
  OTEL_SERVICE_NAME: 'daybreak-test',
}

const started: { stop(): Promise<number | null> }[] = []
afterAll(async () => {
  for (const program of started) await program.stop()
  await collector.close()
  await data.remove()
})

const SECRET_ADDRESS = 'finance@acme.example'

async function givenSubscription(): Promise<void> {
  await given.client(db)
  await givenReportSchedule(db, {
    name: 'monthly',
    asked: { report: 'monthly-revenue', period: 'last-month', formats: ['pdf', 'csv'] },
    recipients: [{ address: SECRET_ADDRESS, formats: ['pdf', 'csv'] }],
  })
}

/** The spans of a trace as a tree of names, children in the order of their beginning; those of the same name once. */
type Tree = { [name: string]: Tree }

function treeOf(spans: readonly ReceivedSpan[], parentId: string | null): Tree {
  const children = spans.filter((span) => span.parentId === parentId)
  const named = Map.groupBy(
    children.toSorted((a, b) => a.fromMs - b.fromMs),
    (span) => span.name,
  )
  const trees = [...named].map(([name, same]) => [name, Object.assign({}, ...same.map(({ id }) => treeOf(spans, id)))])
  return Object.fromEntries(trees)
}

function spansOf(traceId: string): ReceivedSpan[] {
  return collector.spans.filter((span) => span.traceId === traceId)
}

test('a run asked for over HTTP, its report in another process and its delivery are one trace, from who asked on', async () => {
  await givenSubscription()
  const program = await startDaybreak(settings)
  started.push(program)
  const { key } = await createKey(
    db,
    { name: 'cron', role: 'operator', clientId: null, expiresAt: null },
    { kind: 'command-line', id: 'test', name: 'test', ip: null },
  )
  const [traceId, callerId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
  const window = { from: '2026-03-01', to: '2026-03-02' }
  const answer = await fetch(`${program.url}/api/jobs/render-report/runs`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      traceparent: `00-${traceId}-${callerId}-01`,
    },
    body: JSON.stringify({
      clientId: ACME,
      report: 'monthly-revenue',
      ...window,
      formats: ['pdf', 'csv'],
      scheduleId: 'report.acme.monthly',
      request: null,
    }),
  })
  expect(answer.status).toBe(202)
  await vi.waitFor(async () => {
    const rows = await db.selectFrom('deliveries').select('state').execute()
    expect(rows).toEqual([{ state: 'sent' }])
  }, PATIENCE)
  await vi.waitFor(() => expect(spansOf(traceId).map(({ name }) => name)).toContain('run deliver-copy'), PATIENCE)
  const waits = { 'wait to be queued': {}, 'wait in queue': {} }
  const delivery = { 'run deliver-copy': { 'send mail': {} } }
  const render = { compose: {}, render: { store: {}, print: {} }, plan: { ...waits, ...delivery } }
  await vi.waitFor(
    () =>
      expect(treeOf(spansOf(traceId), callerId)).toEqual({
        'POST /api/jobs/:name/runs': {
          plan: { ...waits, 'run roll-up-day': {}, 'run render-report': render },
        },
      }),
    PATIENCE,
  )
  const spans = spansOf(traceId)
  expect(spans.filter(({ fromMs, toMs }) => fromMs > toMs)).toEqual([])
  expect(spans.filter(({ isError }) => isError)).toEqual([])
  expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['daybreak-test']))
  expect(spans.find(({ name }) => name === 'run render-report')?.attributes).toMatchObject({
    'daybreak.job': 'render-report',
    'daybreak.client': ACME,
    'daybreak.attempt': 1,
    'daybreak.outcome': 'succeeded',
  })
  expect(collector.headers[0]).toMatchObject({ 'x-tenant': 'day break' })
  expect(collector.said()).not.toContain(SECRET_ADDRESS)
})

test('a command begins a trace, and a failure in it says its code', async () => {
  const payload = JSON.stringify({ clientId: ACME, deliveryId: '01234567-89ab-4cde-8f01-23456789abcd' })
  const { code } = await runDaybreak(['run', 'deliver-copy', '--payload', payload], settings)
  expect(code).toBe(1)
  const root = collector.spans.find(({ name }) => name === 'daybreak run')
  expect(root?.parentId).toBe(null)
  // The server of the test before may have been the one that did it.
  await vi.waitFor(() => {
    const tree = treeOf(spansOf(root?.traceId ?? ''), null)
    expect(tree).toMatchObject({ 'daybreak run': { plan: { 'run deliver-copy': {} } } })
  }, PATIENCE)
  const spans = spansOf(root?.traceId ?? '')
  const failed = spans.filter(({ isError }) => isError)
  expect(failed.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
    ['run deliver-copy', 'unknown-delivery'],
  ])
})

test('a collector that is away fails nothing', async () => {
  const away = { ...settings, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` }
  const day = JSON.stringify({ day: '2026-03-01' })
  const { code, out } = await runDaybreak(['run', 'apply-retention', '--payload', day], away)
  expect([code, out.split('\n').at(-2)]).toEqual([0, 'Succeeded at attempt 1.'])
})
