import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Problem } from '../../../src/board/http/problem.ts'
import { importFile } from '../../../src/jobs/import-file.ts'
import type { JobTools } from '../../../src/jobs/job-tools.ts'
import { createLog } from '../../../src/log.ts'
import { perform } from '../../../src/queues/index.ts'
import { callApi } from '../../support/api.ts'
import { emptyDatabase, PEOPLE } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'

const MAX_BYTES = 200_000
const board = await openTestBoard({ jobs: [importFile], change: { importMaxBytes: MAX_BYTES } })
const db = board.database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-imports-'))
await given.client(db, { id: 'shop', name: 'Shop', time_zone: 'Europe/Zurich', currency: 'CHF' })
await given.client(db, { id: 'other', name: 'Other', time_zone: 'Asia/Tokyo', currency: 'JPY' })

beforeEach(() => emptyDatabase(db, [...PEOPLE, 'clients']))
afterAll(() => rm(folder, { recursive: true }))

const HEADER = 'id,occurred_at,kind,amount_minor'
const GOOD = ['1,2026-03-01T10:00:00,charge,1050', '2,2026-03-02T10:00:00,refund,-250']
const BAD = '3,never,charge,7'
const csv = (...rows: string[]) => `${[HEADER, ...rows].join('\n')}\n`

type Import = {
  id: string
  clientId: string
  fileName: string
  state: string
  dryRun: boolean
  counts: { read: number; rejected: number; facts: unknown[] } | null
  notes: string[]
  rejects: string | null
  errorMessage: string | null
  runId: string
}

const operator = await keyHeaders(board, 'operator')
const ingest = await keyHeaders(board, 'ingest', 'shop')
const stranger = await keyHeaders(board, 'ingest', 'other')

async function send(query: string, body: string | FormData, headers: Record<string, string> = ingest) {
  const response = await fetch(`${board.url}/api/imports?${query}`, { method: 'POST', body, headers })
  return { status: response.status, body: (await response.json()) as Import & Problem, headers: response.headers }
}

const find = (id: string, headers = ingest) => callApi<Import>(board.url, { path: `/api/imports/${id}`, headers })

/** Does the run of an import as a worker would. */
async function work({ id, clientId }: Pick<Import, 'id' | 'clientId'>): Promise<void> {
  const { database, parts } = board
  const jobTools = { database, storage: parts.storage, importFolder: folder } as JobTools
  await perform(importFile, { clientId, importId: id }, { database, log: createLog('silent'), jobTools })
}

async function paymentRows() {
  const rows = await db.selectFrom('payments').selectAll().orderBy('client_id').orderBy('id').execute()
  return rows.map((row) => [row.client_id, row.id, row.occurred_at, row.amount_minor])
}

const SHOP_ROWS = [
  ['shop', '1', '2026-03-01T09:00:00Z', 1050],
  ['shop', '2', '2026-03-02T09:00:00Z', -250],
]

async function storedFiles(): Promise<string[]> {
  const keys: string[] = []
  for await (const key of board.parts.storage.list('')) keys.push(key)
  return keys
}

async function dropFiles(): Promise<void> {
  for (const key of await storedFiles()) await board.parts.storage.delete(key)
}

describe('a file sent over the API', () => {
  beforeEach(dropFiles)

  test('is taken, imported by a run, and its rejects name row, column and reason', async () => {
    const sent = await send('kind=payments&fileName=sales.csv', csv(...GOOD, BAD))
    expect(sent).toMatchObject({
      status: 202,
      body: { clientId: 'shop', fileName: 'sales.csv', state: 'waiting', counts: null, rejects: null },
    })
    await work(sent.body)
    const { body } = await find(sent.body.id)
    expect(body).toMatchObject({
      state: 'done',
      counts: {
        ...{ read: 3, rejected: 1, repeated: 0, unused: 0 },
        facts: [{ kind: 'payments', inserted: 2, updated: 0, unchanged: 0 }],
      },
      notes: [],
      rejects: `/api/imports/${body.id}/rejects`,
    })
    expect(await paymentRows()).toEqual(SHOP_ROWS)
    const rejects = await fetch(board.url + body.rejects, { headers: ingest })
    expect(rejects.headers.get('Content-Disposition')).toContain('sales.csv.rejects.csv')
    expect((await rejects.text()).split('\r\n')).toEqual([
      'row,column,value,reason,record',
      `4,occurred_at,never,is not a time such as 2026-03-29T14:05:00,"${BAD}"`,
      '',
    ])
    const list = await callApi<{ imports: Import[] }>(board.url, { path: '/api/imports', headers: ingest })
    expect(list.body.imports.map(({ id }) => id)).toEqual([body.id])
  })

  test('is on record: who had what imported, and nothing of what it says', async () => {
    const { body } = await send('kind=payments&fileName=sales.csv', csv(...GOOD))
    const rows = await db.selectFrom('analytics_audit_log').selectAll().execute()
    expect(rows).toMatchObject([
      {
        action: 'start-import',
        target: `import:${body.id}`,
        client_id: 'shop',
        actor_kind: 'key',
        after: { kind: 'payments', fileName: 'sales.csv', mapping: null, dryRun: false, strict: false },
      },
    ])
  })

  test.each([
    ['strict, with a bad row', '&strict=true', [...GOOD, BAD], 'the import is strict, and not every row is good'],
    ['without a good row', '', [BAD], 'no row is good'],
  ])('%s, is refused: its state and a note say that nothing was kept', async (_what, asked, rows, why) => {
    const { body } = await send(`kind=payments&fileName=sales.csv${asked}`, csv(...rows))
    await work(body)
    expect((await find(body.id)).body).toMatchObject({
      ...{ state: 'refused', errorMessage: null, notes: [`Nothing was kept: ${why}.`] },
      counts: { read: rows.length, rejected: 1 },
      rejects: `/api/imports/${body.id}/rejects`,
    })
    expect(await paymentRows()).toEqual([])
    const person = await signIn(board, 'operator')
    const shown = await (await person.get(`/imports/${body.id}`)).text()
    expect([shown.includes('Nothing kept'), shown.includes(`Nothing was kept: ${why}.`)]).toEqual([true, true])
  })

  test('may be a dry run first, and then be imported in earnest from the same file, once', async () => {
    const { body: rehearsal } = await send('kind=payments&dryRun=true', csv(...GOOD))
    await work(rehearsal)
    expect((await find(rehearsal.id)).body.counts?.facts).toEqual([
      { kind: 'payments', inserted: 2, updated: 0, unchanged: 0 },
    ])
    expect(await paymentRows()).toEqual([])
    const inEarnest = () =>
      callApi<Import>(board.url, { method: 'POST', path: `/api/imports/${rehearsal.id}/import`, headers: ingest })
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, inEarnest))
    if (first === undefined) throw new TypeError('eight were asked for')
    expect([first.status, first.body.dryRun]).toEqual([202, false])
    expect(new Set(others.map(({ body }) => body.id))).toEqual(new Set([first.body.id]))
    await work(first.body)
    expect(await paymentRows()).toEqual(SHOP_ROWS)
    expect(await storedFiles()).toHaveLength(1)
    const again = await callApi<Problem>(board.url, {
      method: 'POST',
      path: `/api/imports/${first.body.id}/import`,
      headers: ingest,
    })
    expect([again.status, again.body.code]).toEqual([409, 'not-a-dry-run'])
  })

  test('imported in earnest again after it failed is the same import, tried again', async () => {
    const { body: rehearsal } = await send('kind=payments&dryRun=true', csv(...GOOD))
    const inEarnest = () =>
      callApi<Import>(board.url, { method: 'POST', path: `/api/imports/${rehearsal.id}/import`, headers: ingest })
    const first = await inEarnest()
    await db.updateTable('runs').set({ state: 'failed' }).where('id', '=', first.body.runId).execute()
    expect((await find(first.body.id)).body.state).toBe('failed')
    const second = await inEarnest()
    expect(second.body).toMatchObject({ id: first.body.id, runId: first.body.runId, state: 'waiting' })
  })

  test('stays there when its import is on record and something fails after that: it will be done', async () => {
    // Nobody can read such a result back.
    await sql`create function spoil() returns trigger language plpgsql as $$ begin
      new.finished_at := now(); new.result := '{}'; return new; end $$`.execute(db)
    await sql`create trigger spoil before insert on imports for each row execute function spoil()`.execute(db)
    try {
      expect((await send('kind=payments', csv(...GOOD))).status).toBe(500)
    } finally {
      await sql`drop function spoil cascade`.execute(db)
    }
    expect(await storedFiles()).toHaveLength(1)
    await db.updateTable('imports').set({ finished_at: null, result: null }).execute()
    const left = await db.selectFrom('imports').select(['id', 'client_id as clientId']).executeTakeFirstOrThrow()
    await work(left)
    expect(await paymentRows()).toEqual(SHOP_ROWS)
  })

  test('may be JSON Lines, packed with gzip, with a mapping sent along in a form', async () => {
    const mapping = {
      kind: 'payments',
      facts: [
        {
          to: 'payments',
          columns: {
            id: { column: 'no' },
            occurred_at: { column: 'when' },
            kind: { value: 'charge' },
            amount_minor: { column: 'sum.francs' },
          },
        },
      ],
    }
    const form = new FormData()
    const line = '{"no":7,"when":"2026-03-01T10:00:00","sum":{"francs":10.5}}\n'
    // More than a piece of the request: the parts after it come later.
    const lines = line + '\n'.repeat(100_000)
    form.set('file', new Blob([gzipSync(lines, { level: 0 })]), 'C:\\files\\sales.jsonl.gz')
    form.set('kind', 'payments')
    form.set('mapping', JSON.stringify(mapping))
    form.set('client', 'shop')
    const { status, body } = await send('', form, operator)
    expect([status, body.fileName]).toEqual([202, 'sales.jsonl.gz'])
    await work(body)
    expect(await paymentRows()).toEqual([['shop', '7', '2026-03-01T09:00:00Z', 1050]])
  })

  test('that cannot be read fails with one sentence, and keeps nothing', async () => {
    const { body } = await send('kind=payments&fileName=sales.xlsx', 'no workbook')
    await expect(work(body)).rejects.toMatchObject({
      code: 'foreign-file',
      message: expect.stringContaining(`import ${body.id} is no workbook`),
    })
    expect(await paymentRows()).toEqual([])
  })

  test('sent again with the same Idempotency-Key is the same import, and stored once', async () => {
    const headers = { ...ingest, 'Idempotency-Key': 'one' }
    const first = await send('kind=payments', csv(...GOOD), headers)
    const second = await send('kind=payments', csv(...GOOD), headers)
    expect([second.status, second.body.id]).toEqual([202, first.body.id])
    const other = await send('kind=payments', csv(...GOOD, BAD), headers)
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused'])
    await expect.poll(storedFiles).toHaveLength(1)
  })
})

describe('what is refused leaves no file behind', () => {
  beforeEach(dropFiles)

  const form = (fields: Record<string, string>, file: string | null) => {
    const made = new FormData()
    for (const [name, value] of Object.entries(fields)) made.set(name, value)
    if (file !== null) made.set('file', new Blob([file]), 'a.csv')
    return made
  }
  const twoFiles = () => {
    const made = form({ kind: 'payments' }, csv(...GOOD))
    made.set('mapping', new Blob(['{}']), 'mapping.json')
    return made
  }
  const CASES: [what: string, query: string, body: string | FormData, status: number, code: string][] = [
    ['no file', 'kind=payments', '', 400, 'file-needed'],
    ['a form without one', '', form({ kind: 'payments' }, null), 400, 'file-needed'],
    ['an empty one', '', form({ kind: 'payments' }, ''), 400, 'file-needed'],
    ['a form with two', '', twoFiles(), 400, 'bad-request'],
    ['no kind', '', csv(...GOOD), 400, 'invalid-query'],
    ['a kind nobody knows', 'kind=paymnts', csv(...GOOD), 400, 'unknown-kind'],
    ['a parameter nobody knows', 'kind=payments&dryrun=true', csv(...GOOD), 400, 'invalid-query'],
    ['a mapping that is a path', 'kind=payments&mapping=%2Fetc%2Fpasswd', csv(...GOOD), 400, 'mapping'],
    ['a mapping that is wrong', 'kind=payments&mapping=%7B%7D', csv(...GOOD), 400, 'mapping'],
    ['another client', 'kind=payments&client=other', csv(...GOOD), 403, 'other-client'],
    ['too much', 'kind=payments', 'x'.repeat(MAX_BYTES + 1), 413, 'body-too-large'],
    ['too much in a form', '', form({ kind: 'payments' }, 'x'.repeat(MAX_BYTES + 1)), 413, 'body-too-large'],
  ]
  test.each(CASES)('%s', async (_what, query, body, status, code) => {
    const answer = await send(query, body)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(await storedFiles()).toEqual([])
    expect(await db.selectFrom('imports').select('id').execute()).toEqual([])
  })

  test('a stream that turns out too large, whose length nobody knew', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(50_000))
      },
    })
    const init = { method: 'POST', body, headers: ingest, duplex: 'half' } as RequestInit
    const answered = await fetch(`${board.url}/api/imports?kind=payments`, init).then(
      (response) => response.status,
      () => 'broken off',
    )
    expect([413, 'broken off']).toContain(answered)
    expect(await storedFiles()).toEqual([])
  })
})

test('two clients with identical ids keep their own facts, and neither sees the other’s imports', async () => {
  const [mine, theirs] = [
    await send('kind=payments', csv(...GOOD, BAD)),
    await send('kind=payments', csv(...GOOD, BAD), stranger),
  ]
  await work(mine.body)
  await work(theirs.body)
  expect(await paymentRows()).toEqual([
    ['other', '1', '2026-03-01T01:00:00Z', 1050],
    ['other', '2', '2026-03-02T01:00:00Z', -250],
    ...SHOP_ROWS,
  ])
  const reached = ['', '/rejects'].map(async (path) => {
    const response = await fetch(`${board.url}/api/imports/${theirs.body.id}${path}`, { headers: ingest })
    return response.status
  })
  expect(await Promise.all(reached)).toEqual([404, 404])
  const list = await callApi<{ imports: Import[] }>(board.url, { path: '/api/imports', headers: ingest })
  expect(list.body.imports.map(({ id }) => id)).toEqual([mine.body.id])
  const wrong = await fetch(`${board.url}/api/imports?client=other`, { headers: ingest })
  expect(wrong.status).toBe(403)
})

test('an import and its run are on record together, or neither is, and then the file goes', async () => {
  const before = await storedFiles()
  await sql`alter table runs add constraint no_run check (job <> 'import-file')`.execute(db)
  try {
    expect((await send('kind=payments', csv(...GOOD))).status).toBe(500)
    expect(await db.selectFrom('imports').select('id').execute()).toEqual([])
    expect(await storedFiles()).toEqual(before)
  } finally {
    await sql`alter table runs drop constraint no_run`.execute(db)
  }
  const { body } = await send('kind=payments', csv(...GOOD))
  const runs = await db.selectFrom('runs').select(['id', 'key', 'client_id']).execute()
  expect(runs).toEqual([{ id: body.runId, key: `shop.${body.id}`, client_id: 'shop' }])
})

describe('the board', () => {
  beforeEach(dropFiles)

  async function submit(fields: Record<string, string>, person: { csrf: string; cookie: string }) {
    const form = new FormData()
    form.set('csrf', person.csrf)
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    form.set('file', new Blob([csv(...GOOD, BAD)]), 'sales.csv')
    const headers = { Cookie: person.cookie, Accept: 'text/html' }
    return fetch(`${board.url}/imports`, { method: 'POST', body: form, headers, redirect: 'manual' })
  }

  /** As a browser sends the form: every field, the empty ones too. */
  const FIELDS = { client: 'shop', kind: 'payments', mapping: '', ownMapping: '', format: '', sheet: '', headerRow: '' }

  test('takes a file, tries it first, shows what would happen, and then imports it', async () => {
    const person = await signIn(board, 'operator')
    expect(await (await person.get('/imports/new')).text()).toContain('enctype="multipart/form-data"')
    const sent = await submit({ ...FIELDS, dryRun: 'true' }, person)
    expect([sent.status, sent.headers.get('Location')]).toEqual([
      303,
      expect.stringMatching(/^\/imports\/[0-9a-f-]{36}\?notice=import-started$/),
    ])
    const address = sent.headers.get('Location')?.split('?')[0] ?? ''
    const id = address.slice('/imports/'.length)
    expect(await (await person.get(address)).text()).toContain('data-refresh-seconds')
    await work({ id, clientId: 'shop' })
    const tried = await (await person.get(address)).text()
    expect(tried).toContain('Nothing was written yet')
    expect(tried).toContain(`href="/api/imports/${id}/rejects"`)
    const confirmed = await person.submit(`${address}/import`)
    const earnest = confirmed.headers.get('Location')?.split('?')[0] ?? ''
    await work({ id: earnest.slice('/imports/'.length), clientId: 'shop' })
    expect(await paymentRows()).toEqual(SHOP_ROWS)
    expect(await (await person.get('/imports')).text()).toContain('1 rejected')
    const actions = await db.selectFrom('analytics_audit_log').select(['action', 'actor_kind']).execute()
    expect(actions.filter(({ action }) => action === 'start-import')).toEqual([
      { action: 'start-import', actor_kind: 'user' },
      { action: 'start-import', actor_kind: 'user' },
    ])
  })

  test('takes no file from another site, and none from who may only look', async () => {
    const person = await signIn(board, 'operator')
    const forged = await submit(FIELDS, { ...person, csrf: 'guessed' })
    const viewer = await submit(FIELDS, await signIn(board, 'viewer'))
    expect([forged.status, viewer.status]).toEqual([403, 403])
    expect(await storedFiles()).toEqual([])
  })
})
