import { beforeEach, expect, test } from 'vitest'
import { forecastCallVolume } from '../../src/jobs/forecast-call-volume.ts'
import type { JobTools } from '../../src/jobs/job-tools.ts'
import { refreshTiers } from '../../src/jobs/refresh-tiers.ts'
import { renderReport } from '../../src/jobs/render-report.ts'
import { rollUpDay } from '../../src/jobs/roll-up-day.ts'
import { createLog } from '../../src/log.ts'
import { perform } from '../../src/queues/index.ts'
import { addDays, dayOf, systemClock } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { ACME, given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const db = database.system
// These jobs ask for none of what this process lacks: storage, mail and Chromium.
const retention = { reportDays: 400, ledgerDays: 400, factDays: null as number | null, eventDays: 90 }
const tools = { database, log: createLog('silent'), jobTools: { retention } as JobTools }

beforeEach(async () => {
  await emptyDatabase(db)
  await given.client(db, { time_zone: 'Europe/Berlin' })
})

test('a late call changes only its own day', async () => {
  await given.calls(db, [
    ['2026-03-01T22:59:59Z', { talk_s: 60 }],
    ['2026-03-01T23:00:00Z', { talk_s: 90 }],
  ])
  await perform(rollUpDay, { clientId: ACME, day: '2026-03-01' }, tools)
  await perform(rollUpDay, { clientId: ACME, day: '2026-03-02' }, tools)
  await given.calls(db, [['2026-03-01T12:00:00Z', { talk_s: 30 }]])
  await perform(rollUpDay, { clientId: ACME, day: '2026-03-01' }, tools)
  const rows = await db.selectFrom('agent_metrics').select(['day', 'offered', 'talk_s']).orderBy('hour_at').execute()
  expect(rows).toEqual([
    { day: '2026-03-01', offered: 1, talk_s: 30 },
    { day: '2026-03-01', offered: 1, talk_s: 60 },
    { day: '2026-03-02', offered: 1, talk_s: 90 },
  ])
})

test('a day whose facts may be gone keeps the roll-up it has', async () => {
  const day = { clientId: ACME, day: '2020-03-01' }
  await given.calls(db, [['2020-03-01T12:00:00Z', { talk_s: 30 }]])
  await perform(rollUpDay, day, tools)
  await db.deleteFrom('interactions').execute()
  const kept = { ...tools, jobTools: { retention: { ...retention, factDays: 90 } } as JobTools }
  await expect(perform(rollUpDay, day, kept)).rejects.toMatchObject({ code: 'facts-expired' })
  expect(await db.selectFrom('agent_metrics').select('talk_s').execute()).toEqual([{ talk_s: 30 }])
})

test('the first day whose UTC month is kept is left alone as well, for east of Greenwich it began in the month before', async () => {
  const today = dayOf(systemClock(), 'UTC')
  const kept = { ...tools, jobTools: { retention: { ...retention, factDays: 90 } } as JobTools }
  const rollUpAgo = (days: number) => perform(rollUpDay, { clientId: ACME, day: addDays(today, -days) }, kept)
  await expect(rollUpAgo(90)).rejects.toMatchObject({ code: 'facts-expired' })
  await rollUpAgo(89)
  const rolled = await db.selectFrom('rollup_days').select('day').execute()
  expect(rolled).toEqual([{ day: addDays(today, -89) }])
})

test('what a night refreshes stands on the roll-up of its day', () => {
  const day = { clientId: ACME, day: '2026-03-01' }
  const rollUp = [{ job: rollUpDay, payload: day }]
  const asked = Temporal.Instant.from('2026-03-02T00:10:00Z')
  expect(refreshTiers.after(day, asked)).toEqual(rollUp)
  expect(forecastCallVolume.after(day, asked)).toEqual(rollUp)
})

test('a report stands on the roll-up of every day of its window, and one window is one run', () => {
  const payload = renderReport.payload.parse({
    clientId: ACME,
    report: 'performance',
    from: '2026-02-27',
    to: '2026-03-02',
    formats: ['pdf'],
    scheduleId: 'daily',
    request: null,
  })
  const daysAfter = (askedAt: string) =>
    renderReport.after(payload, Temporal.Instant.from(askedAt)).map((request) => request.payload)
  const rollUps = ['2026-02-27', '2026-02-28', '2026-03-01'].map((day) => ({ clientId: ACME, day }))
  expect(daysAfter('2026-03-02T06:00:00Z')).toEqual(rollUps)
  // Whoever asks before it is over, by the clock of whichever client, depends on no day that is still to come.
  expect(daysAfter('2026-02-28T09:59:59Z')).toEqual(rollUps.slice(0, 2))
  expect(daysAfter('2026-02-28T10:00:00Z')).toEqual(rollUps)
  expect(renderReport.key(payload)).toBe('acme.performance.2026-02-27.2026-03-02.daily')
})

test('other formats asked for by hand are another run, and days that nobody means are refused', () => {
  const asked = {
    clientId: ACME,
    report: 'performance',
    from: '2026-02-27',
    to: '2026-02-28',
    scheduleId: null,
    request: null,
  }
  const keys = [['pdf'], ['csv', 'pdf'], ['pdf', 'csv']].map((formats) =>
    renderReport.key(renderReport.payload.parse({ ...asked, formats })),
  )
  expect(keys[0]).not.toBe(keys[1])
  expect(keys[1]).toBe(keys[2])
  expect(
    renderReport.payload.safeParse({ ...asked, from: '0001-01-01', to: '0001-01-02', formats: ['pdf'] }).success,
  ).toBe(false)
  expect(rollUpDay.payload.safeParse({ clientId: ACME, day: '9999-01-01' }).success).toBe(false)
})

test('a report narrowed down or compared otherwise is another run, in whatever order it is asked for', () => {
  const asked = {
    clientId: ACME,
    report: 'performance',
    from: '2026-02-27',
    to: '2026-02-28',
    formats: ['pdf'],
    scheduleId: null,
    request: null,
  }
  const keyOf = (changes: object) => renderReport.key(renderReport.payload.parse({ ...asked, ...changes }))
  const plain = 'acme.performance.2026-02-27.2026-02-28.on-demand.pdf'
  expect([keyOf({}), keyOf({ filters: null, compare: null }), keyOf({ filters: {} })]).toEqual([plain, plain, plain])
  const narrowed = { sector: ['b.c', 'a', 'a'], agent: [''] }
  expect(keyOf({ filters: narrowed, compare: [] })).toBe(`${plain}.agent=.sector=a+b.c.compare=`)
  expect(keyOf({ filters: { agent: [''], sector: ['a', 'b.c'] }, compare: [] })).toBe(
    keyOf({ filters: narrowed, compare: [] }),
  )
  expect(keyOf({ compare: ['last-year', 'previous'] })).toBe(keyOf({ compare: ['previous', 'last-year'] }))
})

test('what a report cannot be narrowed down by is refused, with what it can be', () => {
  const problems = (report: string, filters: object) => {
    const days = { from: '2026-02-27', to: '2026-02-28' }
    const asked = { clientId: ACME, report, ...days, formats: ['pdf'], filters, scheduleId: null, request: null }
    return renderReport.payload.safeParse(asked).error?.issues.map(({ path, message }) => [path.join('.'), message])
  }
  expect(problems('performance', { sector: ['a'] })).toBe(undefined)
  expect(problems('performance', { location: ['CH'] })).toEqual([
    ['filters', 'performance can be narrowed down by agent, sector, channel, and not by location'],
  ])
  expect(problems('monthly-revenue', { agent: ['a'] })).toEqual([
    ['filters', 'monthly-revenue can be narrowed down by nothing, and not by agent'],
  ])
})

test('a schedule asks for the last whole period before it is due', () => {
  const extra = {
    scheduleId: 'daily',
    report: 'performance',
    period: 'last-week',
    formats: ['pdf'],
  }
  const dueAt = Temporal.Instant.from('2026-11-21T06:00:00Z')
  const payload = renderReport.schedule?.payload(dueAt, { id: ACME, timeZone: 'UTC' }, extra)
  expect(renderReport.payload.parse(payload)).toEqual({
    clientId: ACME,
    report: 'performance',
    from: '2026-11-09',
    to: '2026-11-16',
    formats: ['pdf'],
    scheduleId: 'daily',
    request: null,
  })
})

test('with too little history there is no forecast, and the run succeeds', async () => {
  await perform(forecastCallVolume, { clientId: ACME, day: '2026-03-01' }, tools)
  expect(await db.selectFrom('forecasts').selectAll().execute()).toEqual([])
})
