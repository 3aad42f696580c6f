import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { raiseAlerts } from '../../src/alerts/raise.ts'
import { createRegistry } from '../../src/queues/index.ts'
import {
  database,
  db,
  doPosts,
  FAILED,
  givenRun,
  MAIL,
  openAlerts,
  options,
  quickPost,
  receiver,
  SECRET,
  server,
  webhook,
} from '../support/alert-world.ts'
import { PATIENCE } from '../support/patience.ts'
import { givenReportSchedule } from '../support/report-schedules.ts'
import { openTestEngine, testJob } from '../support/test-engine.ts'

const HOOK = { channel: 'webhook', address: webhook.origin } as const

async function notices() {
  const rows = await db
    .selectFrom('alert_notices')
    .select(['channel', 'address', 'state', 'tries', 'reply'])
    .orderBy('channel')
    .orderBy('address')
    .execute()
  return rows.map(({ channel, address, state, tries, reply }) => [channel, address, state, tries, reply])
}

describe.each(['postgres', 'redis'] as const)('from a failure to a mail and a call, on %s', (kind) => {
  test('each receiver hears once, though two engines sweep', async () => {
    const broken = testJob(
      'broken',
      async () => Promise.reject(new Error('mail of jane@acme.example: no space left')),
      {
        retry: { attempts: 1, delayMs: 1, maxDelayMs: 1 },
      },
    )
    const { engine, close } = await openTestEngine(kind, database, [quickPost, broken])
    const watched = options({ receivers: [MAIL, HOOK], registry: createRegistry([quickPost, broken]) })
    await engine.startWorkers()
    const request = { job: broken, payload: { clientId: 'acme', name: 'x' } }
    const { runId } = await engine.ledger.request(request, { origin: 'person', requestedBy: 'me', again: 'no' })
    await vi.waitFor(async () => {
      await engine.tick()
      await Promise.all([raiseAlerts(watched, true), raiseAlerts(watched, true)])
      expect((await notices()).map(([, , state]) => state)).toEqual(['sent', 'sent'])
    }, PATIENCE)
    await close()
    expect(server.received.map(({ to }) => to)).toEqual([[MAIL.address]])
    const [mail] = server.received
    for (const words of ['broken failed for acme', `https://board.example/runs/${runId}`, 'press Retry', '[address]']) {
      expect(mail?.raw.replaceAll('=\r\n', '')).toContain(words)
    }
    expect(mail?.raw).not.toContain('jane')
    expect(receiver.received).toHaveLength(1)
    const { id } = await db.selectFrom('alerts').select('id').executeTakeFirstOrThrow()
    const call = JSON.parse(receiver.received[0]?.body ?? '') as { type: string; data: Record<string, unknown> }
    expect([call.type, call.data['id'], call.data['kind'], call.data['runId']]).toEqual([
      'alert.raised',
      id,
      'run-failed',
      runId,
    ])
  })
})

describe('a mail', () => {
  async function oneAlert() {
    await givenRun(FAILED)
    await raiseAlerts(options(), true)
  }

  test('that is put off (421) is tried again with the same Message-ID, and arrives once', async () => {
    let tries = 0
    server.behave(() => {
      tries += 1
      return tries < 3 ? { kind: 'refuse', code: 421, text: 'later' } : { kind: 'accept' }
    })
    await oneAlert()
    await doPosts()
    expect(tries).toBe(3)
    expect(Object.values(server.countsByMessageId())).toEqual([1])
    expect(await notices()).toEqual([['mail', MAIL.address, 'sent', 3, '250 OK: queued']])
  })

  test('that is refused (550) fails at once, on the board only', async () => {
    server.behave(() => ({ kind: 'refuse', code: 550, text: 'no such user' }))
    await oneAlert()
    await doPosts()
    expect((await notices()).map(([, , state, tries]) => [state, tries])).toEqual([['failed', 1]])
    await raiseAlerts(options(), true)
    const alerts = await openAlerts()
    expect(alerts.map(([, , title]) => String(title)).sort()).toEqual([
      'post-alert failed for the whole system',
      'roll-up-day failed for acme',
    ])
    // No notice was made of it: nobody is told that nobody can be told.
    expect(await notices()).toHaveLength(1)
  })

  test('that a person retries after its last try is tried as often as at first', async () => {
    let tries = 0
    server.behave(() => {
      tries += 1
      return tries <= 10 ? { kind: 'refuse', code: 421, text: 'later' } : { kind: 'accept' }
    })
    await oneAlert()
    await doPosts()
    expect((await notices()).map(([, , state, times]) => [state, times])).toEqual([['failed', 8]])
    // The date of a mail has no fractions of a second.
    await sleep(1100)
    const { engine, close } = await openTestEngine('postgres', database, [quickPost])
    const post = await db.selectFrom('runs').select('id').where('job', '=', 'post-alert').executeTakeFirstOrThrow()
    await engine.ledger.retry(post.id, 'tester')
    await close()
    await doPosts()
    expect((await notices()).map(([, , state, times]) => [state, times])).toEqual([['sent', 3]])
  })

  test('whose answer never came is unknown, and never sent again by itself', async () => {
    server.behave(() => ({ kind: 'drop' }))
    await oneAlert()
    await doPosts()
    expect((await notices()).map(([, , state, tries]) => [state, tries])).toEqual([['unknown', 1]])
    expect(Object.values(server.countsByMessageId())).toEqual([1])
  })
})

describe('a call', () => {
  async function oneAlert() {
    await givenRun(FAILED)
    await raiseAlerts(options({ receivers: [HOOK] }), true)
  }

  test('answered 500, then 200, is one alert with one webhook-id', async () => {
    receiver.answer((count) => ({ status: count === 0 ? 500 : 200 }))
    await oneAlert()
    await doPosts()
    const { id } = await db.selectFrom('alerts').select('id').executeTakeFirstOrThrow()
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([id, id])
    expect(await notices()).toEqual([['webhook', webhook.origin, 'sent', 2, 'HTTP 200']])
  })

  test('is signed so that its receiver can tell it is ours', async () => {
    const from = Math.floor(Date.now() / 1000)
    await oneAlert()
    await doPosts()
    const to = Date.now() / 1000
    const [call] = receiver.received
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = call?.headers ?? {}
    const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64')
    expect(signature).toBe(`v1,${createHmac('sha256', key).update(`${id}.${at}.${call?.body}`).digest('base64')}`)
    expect(Number(at)).toBeGreaterThanOrEqual(from)
    expect(Number(at)).toBeLessThanOrEqual(to)
    expect(call?.headers['content-type']).toBe('application/json')
  })

  test.each([
    [404, 1],
    [302, 1],
  ])('answered %s fails at once', async (status, tries) => {
    receiver.answer(() => ({ status, headers: { location: receiver.url } }))
    await oneAlert()
    await doPosts()
    expect(receiver.received).toHaveLength(tries)
    expect((await notices()).map(([, , state]) => state)).toEqual(['failed'])
  })

  test('asked for patience (429) waits as long as it was told, and no longer than eight tries', async () => {
    receiver.answer((count) => (count === 0 ? { status: 429, headers: { 'retry-after': '1' } } : { status: 503 }))
    await oneAlert()
    const began = performance.now()
    await doPosts()
    expect(performance.now() - began).toBeGreaterThan(900)
    expect(receiver.received.length).toBeGreaterThanOrEqual(8)
    expect(receiver.received.length).toBeLessThanOrEqual(9)
    expect((await notices()).map(([, , state]) => state)).toEqual(['failed'])
  })

  test('the address is kept without what may be secret in it', async () => {
    await oneAlert()
    expect(JSON.stringify(await notices())).not.toContain('secret-part')
  })
})

test('the owner of a report hears when it fails, of his own only, and once', async () => {
  for (const name of ['monthly', 'weekly'])
    await givenReportSchedule(db, { name, ownerAddress: `Owner.${name}@acme.example` })
  await givenRun({ ...FAILED, job: 'render-report', payload: JSON.stringify({ scheduleId: 'report.acme.monthly' }) })
  await givenRun({ ...FAILED, job: 'render-report', payload: JSON.stringify({ scheduleId: null }) })
  await raiseAlerts(options({ receivers: [] }), true)
  await raiseAlerts(options({ receivers: [] }), true)
  await doPosts()
  expect(server.received.map(({ to }) => to)).toEqual([['owner.monthly@acme.example']])
})
