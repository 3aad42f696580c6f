import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { importUpload, type UploadTools } from '../../../src/ingest/imports/import-upload.ts'
import { importFile } from '../../../src/jobs/import-file.ts'
import { createLog } from '../../../src/log.ts'
import { systemClock } from '../../../src/time.ts'
import { callApi } from '../../support/api.ts'
import { emptyDatabase, PEOPLE } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, signIn } from '../../support/test-board.ts'

/** Whoever cancels an import is told what of it is kept. */

const board = await openTestBoard({ jobs: [importFile] })
const db = board.database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-imports-'))
await given.client(db, { id: 'shop', name: 'Shop', time_zone: 'UTC', currency: 'CHF' })
const ingest = await keyHeaders(board, 'ingest', 'shop')
const person = await signIn(board, 'operator')

beforeEach(() => emptyDatabase(db, [...PEOPLE, 'clients']))
afterAll(() => rm(folder, { recursive: true }))

/** Far more than one batch. */
const ROWS = 100_000
const FILE = `id,occurred_at,kind,amount_minor\n${Array.from({ length: ROWS }, (_, row) =>
  row === 5 ? `${row},never,charge,1\n` : `${row},2026-03-01T10:00:00,charge,1050\n`,
).join('')}`

type Import = {
  id: string
  runId: string
  state: string
  counts: { read: number; rejected: number; facts: { inserted: number; updated: number; unchanged: number }[] } | null
  notes: string[]
}

async function send(query: string): Promise<Import> {
  const sent = await fetch(`${board.url}/api/imports?kind=payments&${query}`, {
    method: 'POST',
    body: FILE,
    headers: ingest,
  })
  return (await sent.json()) as Import
}

const find = async ({ id }: Import) =>
  (await callApi<Import>(board.url, { path: `/api/imports/${id}`, headers: ingest })).body

async function countPayments(): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from payments`.execute(db)
  return rows[0]?.n ?? 0
}

/**
 * Works on an import as its job does until it has come as far as `share`, and is told to stop there. Then its run is
 * cancelled.
 */
async function stopAt(share: number, { id, runId }: Import): Promise<void> {
  const stop = new AbortController()
  const db = board.database.forClient('shop')
  const write: UploadTools['commit'] = (write) => db.transaction().execute(write)
  const work = importUpload(id, {
    ...{ database: board.database, db, storage: board.parts.storage, folder, attempt: 1, clock: systemClock },
    ...{ signal: stop.signal, commit: write, checkpoint: write, log: createLog('silent') },
    progress(made) {
      if (made >= share) stop.abort(new Error('a person cancelled it'))
    },
  })
  await expect(work).rejects.toThrow('a person cancelled it')
  await cancelled(runId)
}

const cancelled = (runId: string, attempt = 1) =>
  db.updateTable('runs').set({ state: 'cancelled', attempt }).where('id', '=', runId).execute()

test('while it is at work: how many rows it had come to, and how many facts of them are kept', async () => {
  const sent = await send('fileName=a.csv')
  await stopAt(0.6, sent)
  const kept = await countPayments()
  expect([kept > 10_000, kept < ROWS - 1]).toEqual([true, true])
  const found = await find(sent)
  expect(found).toMatchObject({
    state: 'cancelled',
    counts: { read: kept + 1, rejected: 1, facts: [{ inserted: kept, updated: 0, unchanged: 0 }] },
  })
  const words = `It was stopped after ${kept + 1} rows, 1 of them rejected. What they say is kept: ${kept} facts, ${kept} of them new or changed. Trying again is harmless.`
  expect(found.notes).toEqual([words])
  const page = await (await person.get(`/imports/${sent.id}`)).text()
  expect([page.includes(words), page.includes('Try again')]).toEqual([true, true])

  // A later try that is stopped sooner takes nothing of it back.
  await stopAt(0, sent)
  expect(await find(sent)).toEqual(found)
})

test('strict, or only tried: nothing is', async () => {
  const strict = await send('strict=true')
  await stopAt(0.3, strict)
  const tried = await send('dryRun=true')
  await stopAt(0.3, tried)
  expect(await countPayments()).toBe(0)
  expect((await find(strict)).notes).toEqual([expect.stringMatching(/ Nothing was kept: the import is strict\.$/)])
  expect((await find(tried)).notes).toEqual([expect.stringMatching(/; nothing was to be kept\.$/)])
  expect(await (await person.get(`/imports/${tried.id}`)).text()).not.toContain('Import it')
})

test('before it began, or after its process was killed: that nothing is, or that it could not count', async () => {
  const waiting = await send('fileName=a.csv')
  await cancelled(waiting.runId, 0)
  expect(await find(waiting)).toMatchObject({
    counts: null,
    notes: ['It was cancelled before it had begun: nothing was kept.'],
  })
  await cancelled(waiting.runId, 2)
  expect((await find(waiting)).notes).toEqual([expect.stringMatching(/^It was cancelled, and its tries had no chance/)])
})
