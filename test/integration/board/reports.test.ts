import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { issueDownloadLink, issueUnsubscribeToken } from '../../../src/reports/deliver/links.ts'
import { callApi } from '../../support/api.ts'
import { given, table } from '../../support/given.ts'
import { givenReportSchedule } from '../../support/report-schedules.ts'
import { BROWSER, givenExecution, keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'

const board = await openTestBoard()
const db = board.database.system
await given.client(db, { id: 'acme' })
await given.client(db, { id: 'other', name: 'Other' })
const mine = await givenExecution(board, { clientId: 'acme', text: 'net,48210.55\r\n' })
const theirs = await givenExecution(board, { clientId: 'other', report: 'performance' })
const viewer = await keyHeaders(board, 'viewer')
const bound = await keyHeaders(board, 'viewer', 'acme')

type List = { executions: { id: string; clientId: string; files: { href: string }[] }[]; nextCursor: string | null }

describe('executions', () => {
  test('are listed with their files, newest first, in pages', async () => {
    const first = await callApi<List>(board.url, { path: '/api/reports/executions?limit=1', headers: viewer })
    const path = `/api/reports/executions?limit=1&cursor=${first.body.nextCursor}`
    const second = await callApi<List>(board.url, { path, headers: viewer })
    const files = (id: string) => [expect.objectContaining({ format: 'csv', href: `/files/${id}/csv` })]
    expect([first.body.executions, second.body.executions, second.body.nextCursor]).toEqual([
      [expect.objectContaining({ id: theirs, files: files(theirs) })],
      [expect.objectContaining({ id: mine, files: files(mine) })],
      null,
    ])
  })

  test('of another client are not there', async () => {
    const list = await callApi<List>(board.url, { path: '/api/reports/executions', headers: bound })
    expect(list.body.executions.map(({ id }) => id)).toEqual([mine])
    const one = async (id: string) =>
      (await callApi(board.url, { path: `/api/reports/executions/${id}`, headers: bound })).status
    expect([await one(mine), await one(theirs), await one(randomUUID())]).toEqual([200, 404, 404])
    const person = await signIn(board, 'finance', 'acme')
    expect([(await person.get(`/reports/${mine}`)).status, (await person.get(`/reports/${theirs}`)).status]).toEqual([
      200, 404,
    ])
    expect(await (await person.get('/reports')).text()).not.toContain(theirs)
  })
})

describe('files', () => {
  const download = (id: string, headers: Record<string, string>, more = '') =>
    fetch(`${board.url}/files/${id}/csv${more}`, { headers, redirect: 'manual' })

  test('come whole, under their name, and run nothing when opened', async () => {
    const response = await download(mine, viewer)
    expect([response.status, await response.text()]).toEqual([200, 'net,48210.55\r\n'])
    expect(
      Object.fromEntries(
        ['Content-Type', 'Content-Length', 'Content-Disposition', 'Content-Security-Policy'].map((name) => [
          name,
          response.headers.get(name),
        ]),
      ),
    ).toEqual({
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Length': '14',
      'Content-Disposition': `attachment; filename="monthly-revenue, October 2026.csv"`,
      'Content-Security-Policy':
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:",
    })
    const shown = await download(mine, viewer, '?show=inline')
    expect(shown.headers.get('Content-Disposition')).toMatch(/^inline; /)
  })

  test('of another client are not there', async () => {
    expect((await download(theirs, bound)).status).toBe(404)
    expect((await download(mine, bound)).status).toBe(200)
  })

  test('that the store has lost are said to be', async () => {
    const id = await givenExecution(board, { clientId: 'acme' })
    await board.parts.storage.delete(`executions/${id}/monthly-revenue.csv`)
    const response = await download(id, viewer)
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([404, 'file-missing'])
  })

  test('come from the store itself where it can hand them out', async () => {
    const asked: unknown[] = []
    const presigning = await openTestBoard({
      change: {
        database: board.database,
        storage: {
          ...board.parts.storage,
          presign: async (key, options) => {
            asked.push([key, options])
            return 'https://bucket.example/signed'
          },
        },
      },
    })
    const response = await fetch(`${presigning.url}/files/${mine}/csv`, { headers: viewer, redirect: 'manual' })
    expect([response.status, response.headers.get('Location')]).toEqual([302, 'https://bucket.example/signed'])
    const options = { fileName: 'monthly-revenue, October 2026.csv', ttlSeconds: 60 }
    expect(asked).toEqual([[`executions/${mine}/monthly-revenue.csv`, options]])
  })
})

describe('a mailed link', () => {
  const issue = (ttlDays: number) =>
    issueDownloadLink(board.database.forClient('acme'), {
      clientId: 'acme',
      executionId: mine,
      format: 'csv',
      deliveryId: null,
      ttlDays,
    })
  const follow = (token: string) => fetch(`${board.url}/d/${token}`, { headers: { Accept: BROWSER } })

  test('leads to its file without sign-in, and is counted', async () => {
    const token = await issue(30)
    const answers = [await follow(token), await follow(token)]
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(['net,48210.55\r\n', 'net,48210.55\r\n'])
    const [link] = await table(db, 'download_links')
    expect(link?.['downloads']).toBe(2)
  })

  test('that has expired or was revoked says so on a page', async () => {
    const [old, revoked] = [await issue(-1), await issue(30)]
    await db
      .updateTable('download_links')
      .set({ revoked_at: '2026-01-01T00:00:00Z' })
      .where('downloads', '=', 0)
      .execute()
    const answers = await Promise.all([old, revoked].map(follow))
    expect(answers.map(({ status }) => status)).toEqual([410, 410])
    expect(await answers[0]?.text()).toContain('This link has expired or was revoked. Ask for the report again.')
  })
})

describe('an unsubscribe link', () => {
  async function issue(): Promise<string> {
    await db.deleteFrom('schedules').execute()
    const schedule_id = await givenReportSchedule(db, {
      recipients: [{ address: 'ann@example.com', formats: ['pdf'] }],
    })
    await db.updateTable('executions').set({ schedule_id }).where('id', '=', mine).execute()
    await db.deleteFrom('deliveries').execute()
    const delivery = await db
      .insertInto('deliveries')
      .values({ client_id: 'acme', execution_id: mine, address: 'ann@example.com', formats: ['pdf'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    return issueUnsubscribeToken(board.database.forClient('acme'), { clientId: 'acme', deliveryId: delivery.id })
  }
  const unsubscribed = async () =>
    (await table(db, 'schedule_recipients'))
      .filter((row) => row['unsubscribed_at'] !== null)
      .map((row) => row['address'])

  test('asks first: a scanner that follows it unsubscribes nobody', async () => {
    const token = await issue()
    const page = await (await fetch(`${board.url}/u/${token}`)).text()
    expect(page).toContain('Do you want no more of it?')
    expect(await unsubscribed()).toEqual([])
  })

  test.each([
    [
      'as RFC 8058 has mail programs do it',
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      'List-Unsubscribe=One-Click',
    ],
    ['as a multipart form', { 'Content-Type': 'multipart/form-data; boundary=b' }, '--b--'],
    ['from a page of a mail program', { Origin: 'https://mail.example', 'Sec-Fetch-Site': 'cross-site' }, ''],
  ])('works in one click without sign-in, %s, twice the same as once', async (_how, headers, body) => {
    const token = await issue()
    const post = () =>
      fetch(`${board.url}/u/${token}`, { method: 'POST', headers: headers as Record<string, string>, body })
    expect([(await post()).status, (await post()).status]).toEqual([200, 200])
    expect(await unsubscribed()).toEqual(['ann@example.com'])
  })

  test('is on record once, without the address', async () => {
    await db.deleteFrom('analytics_audit_log').execute()
    const token = await issue()
    await fetch(`${board.url}/u/${token}`, { method: 'POST' })
    await fetch(`${board.url}/u/${token}`, { method: 'POST' })
    const entries = await table(db, 'analytics_audit_log')
    expect(
      entries.map(({ actor_kind, action, target, client_id }) => ({ actor_kind, action, target, client_id })),
    ).toEqual([{ actor_kind: 'link', action: 'unsubscribe', target: 'report:monthly-revenue', client_id: 'acme' }])
    expect(JSON.stringify(entries)).not.toContain('ann@')
  })

  test('that is none of ours says so', async () => {
    const answers = await Promise.all(
      ['GET', 'POST'].map((method) => fetch(`${board.url}/u/${'x'.repeat(32)}`, { method })),
    )
    expect(answers.map(({ status }) => status)).toEqual([404, 404])
  })
})
