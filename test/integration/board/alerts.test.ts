import { randomUUID } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { callApi } from '../../support/api.ts'
import { emptyDatabase, PEOPLE } from '../../support/empty-database.ts'
import { given } from '../../support/given.ts'
import { keyHeaders, openTestBoard, type Person, signIn } from '../../support/test-board.ts'

const board = await openTestBoard()
const db = board.database.system
const operator = await signIn(board, 'operator')
const viewer = await signIn(board, 'viewer')
const finance = await signIn(board, 'finance')
const HOSTILE = '<script>alert("1")</script>'

beforeEach(async () => {
  await emptyDatabase(db, PEOPLE)

  for (const id of ['acme', 'blue']) await given.client(db, { id, name: id })
})

type Alert = { id: string; title: string; notices: { address: string | null; state: string }[] }
type Reply = { alerts: Alert[]; nextCursor: string | null }

async function givenAlert(minute: number, row: Record<string, unknown> = {}): Promise<string> {
  const at = `2026-11-20T00:${String(minute).padStart(2, '0')}:00Z`
  const words = { title: `alert ${minute}`, message: 'what happened', advice: 'what to do' }
  const id = randomUUID()
  await db
    .insertInto('alerts')
    .values({
      id,
      kind: 'run-failed',
      subject_kind: 'run',
      subject_id: id,
      client_id: 'acme',
      raised_at: at,
      ...words,
      ...row,
    })
    .execute()
  return id
}

async function ask(query: string, client: string | null = null, role: 'viewer' | 'operator' = 'operator') {
  return callApi<Reply>(board.url, {
    path: `/api/admin/alerts${query}`,
    headers: await keyHeaders(board, role, client),
  })
}

const titles = ({ body }: { body: Reply }) => body.alerts.map(({ title }) => title)

async function textOf(person: Person, path: string): Promise<string> {
  return (await (await person.get(path)).text()).replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}

test('open alerts come first, then the newest, in pages without a gap', async () => {
  const closed = '2026-11-20T01:00:00Z'
  await givenAlert(1)
  await givenAlert(2, { resolved_at: closed })
  await givenAlert(3)
  await givenAlert(4, { resolved_at: closed })
  expect(titles(await ask(''))).toEqual(['alert 3', 'alert 1', 'alert 4', 'alert 2'])
  expect(titles(await ask('?state=open'))).toEqual(['alert 3', 'alert 1'])
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const { body }: { body: Reply } = await ask(cursor === null ? '?limit=1' : `?limit=1&cursor=${cursor}`)
    seen.push(...body.alerts.map(({ title }) => title))
    cursor = body.nextCursor
  } while (cursor !== null)
  expect(seen).toEqual(['alert 3', 'alert 1', 'alert 4', 'alert 2'])
  expect((await ask('?cursor=bm9uc2Vuc2U')).status).toBe(400)
})

test('a client sees its own alerts, and none about the whole system', async () => {
  await givenAlert(1)
  await givenAlert(2, { client_id: 'blue' })
  await givenAlert(3, { client_id: null, kind: 'queue-old', subject_kind: 'queue', subject_id: 'reports' })
  expect(titles(await ask('', 'blue'))).toEqual(['alert 2'])
  expect((await ask('?client=acme', 'blue')).status).toBe(403)
  expect(titles(await ask('?client=acme'))).toEqual(['alert 1'])
})

test('who was told is for those who may do something about it', async () => {
  const id = await givenAlert(1)
  const notice = { alert_id: id, channel: 'mail', address: 'night@acme.example' } as const
  await db
    .insertInto('alert_notices')
    .values({ ...notice, state: 'failed', reply: 'refused' })
    .execute()
  const told = async (role: 'viewer' | 'operator') => (await ask('', null, role)).body.alerts[0]?.notices
  expect(await told('operator')).toMatchObject([{ address: 'night@acme.example', state: 'failed' }])
  expect(await told('viewer')).toMatchObject([{ address: null, state: 'failed' }])
  expect(await textOf(operator, '/alerts')).toContain('night@acme.example')
  expect(await textOf(viewer, '/alerts')).not.toContain('night@acme.example')
})

test('the page shows what happened and what to do, and says it as text', async () => {
  const { id: run } = await db
    .insertInto('runs')
    .values({
      job: 'j',
      key: 'k',
      queue: 'reports',
      client_id: 'acme',
      payload: '{}',
      origin: 'person',
      state: 'failed',
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await givenAlert(1, { title: HOSTILE, advice: 'press Retry', subject_id: run })
  const page = await (await operator.get('/alerts')).text()
  expect(page).toContain('&lt;script&gt;')
  expect(page).not.toContain(HOSTILE)
  expect(page).toContain('press Retry')
  expect(page).toContain(`href="/runs/${run}"`)
})

test('every page says how many are open, to those who find them there', async () => {
  await givenAlert(1)
  await givenAlert(2)
  await givenAlert(3, { resolved_at: '2026-11-20T01:00:00Z' })
  expect(await textOf(viewer, '/jobs')).toContain('Alerts 2 open')
  expect(await textOf(finance, '/reports')).not.toContain('Alerts')
  expect((await finance.get('/alerts')).status).toBe(403)
})
