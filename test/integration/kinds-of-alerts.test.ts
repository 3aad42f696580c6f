import { beforeEach, expect, test, vi } from 'vitest'
import { alertKinds } from '../../src/alerts/index.ts'
import { raiseAlerts } from '../../src/alerts/raise.ts'
import type { OwnersOf } from '../../src/alerts/tell.ts'
import { postAlert } from '../../src/jobs/post-alert.ts'
import { listOutbox, openOutbox, readOutboxMail } from '../../src/mail/outbox.ts'
import { type AnyJob, createRegistry } from '../../src/queues/index.ts'
import { MINUTE_MS } from '../../src/time.ts'
import { callApi } from '../support/api.ts'
import { given } from '../support/given.ts'
import { sectorClosed } from '../support/sector-closed.ts'
import { keyHeaders, openTestBoard, signIn } from '../support/test-board.ts'

const post: AnyJob = {
  ...postAlert,
  run: (payload, context) =>
    postAlert.run(payload, {
      ...context,
      database,
      mailer,
      webhook: null,
      mail: { publicUrl: 'https://board.example' },
    }),
}
const board = await openTestBoard({ jobs: [post] })
const { database } = board
const db = database.system
const mailer = openOutbox(board.outboxFolder, { from: 'Daybreak <alerts@daybreak.example>' })
const operator = await signIn(board, 'operator')

const ownersOfSectors: OwnersOf = async (_tx, ids) => ids.map((id) => ({ id, address: `Head.Of.${id}@acme.example` }))

function sweep(): Promise<number> {
  return raiseAlerts(
    {
      db,
      kinds: [...alertKinds, sectorClosed],
      registry: createRegistry([post]),
      receivers: [{ channel: 'mail', address: 'night@acme.example' }],
      queueAgeMs: 15 * MINUTE_MS,
      postAlert: post,
      owners: { sector: ownersOfSectors },
    },
    true,
  )
}

beforeEach(async () => {
  for (const table of ['alerts', 'runs', 'clients'] as const) await db.deleteFrom(table).execute()
  for (const id of ['acme', 'blue']) await given.client(db, { id, name: id })
})

async function givenSector(clientId: string, name: string): Promise<void> {
  await db
    .insertInto('sectors')
    .values({ client_id: clientId, id: 'sales', name })
    .onConflict((conflict) => conflict.columns(['client_id', 'id']).doUpdateSet({ name }))
    .execute()
}

type Reply = { alerts: { kind: string; clientId: string; subject: unknown; runId: null; resolvedAt: string | null }[] }

async function shown(client: string | null = null) {
  const headers = await keyHeaders(board, 'operator', client)
  const { body } = await callApi<Reply>(board.url, { path: '/api/admin/alerts', headers })
  return body.alerts.map(({ kind, clientId, subject, runId, resolvedAt }) => ({
    kind,
    clientId,
    subject,
    runId,
    open: resolvedAt === null,
  }))
}

test('a kind of alert about no run is raised, shown, posted and closed', async () => {
  await givenSector('acme', 'Sales (closed)')
  expect([await sweep(), await sweep()]).toEqual([1, 0])
  const alert = { kind: 'sector-closed', clientId: 'acme', subject: { kind: 'sector', id: 'sales' }, runId: null }
  expect(await shown()).toEqual([{ ...alert, open: true }])
  expect(await (await operator.get('/alerts')).text()).toContain('Sales (closed) takes no calls')
  await board.engine.startWorkers()
  await vi.waitFor(
    async () => {
      await board.engine.tick()
      expect(await listOutbox(board.outboxFolder, { limit: 9 })).toHaveLength(2)
    },
    { timeout: 20_000, interval: 50 },
  )
  const mails = await listOutbox(board.outboxFolder, { limit: 9 })
  expect(mails.map(({ to }) => to).sort()).toEqual(['head.of.sales@acme.example', 'night@acme.example'])
  const { text } = await readOutboxMail(board.outboxFolder, mails[0]?.fileName ?? '')
  expect(text).toContain('Sales (closed) of acme is closed.')
  expect(text).toContain('Open it again, or send its calls elsewhere. Runbook: docs/runbook.md#what-is-wrong')
  await givenSector('acme', 'Sales')
  expect(await sweep()).toBe(0)
  expect(await shown()).toEqual([{ ...alert, open: false }])
})

test('a subject is told once while it is open, and again when another episode begins', async () => {
  await givenSector('acme', 'Sales (closed)')
  const episodes = async () => {
    const rows = await db.selectFrom('alerts').select(['episode', 'resolved_at']).orderBy('episode').execute()
    return rows.map(({ episode, resolved_at }) => [episode, resolved_at === null])
  }
  await sweep()
  await sweep()
  expect(await episodes()).toEqual([['09:00', true]])
  await givenSector('acme', 'Sales')
  await sweep()
  await givenSector('acme', 'Sales (closed)')
  expect(await sweep()).toBe(1)
  expect(await episodes()).toEqual([
    ['09:00', false],
    ['10:00', true],
  ])
})

test('things of two clients that have one id are two subjects, and each client sees its own', async () => {
  await givenSector('acme', 'Sales (closed)')
  expect(await sweep()).toBe(1)
  await givenSector('blue', 'Sales (closed)')
  expect(await sweep()).toBe(1)
  await givenSector('acme', 'Sales')
  await sweep()
  expect((await shown('acme')).map(({ open }) => open)).toEqual([false])
  expect((await shown('blue')).map(({ open }) => open)).toEqual([true])
})

test('an alert about a run that cannot be is closed, and holds up no other', async () => {
  const words = { title: 'spoiled', message: 'by hand', advice: 'none' }
  await db
    .insertInto('alerts')
    .values({ kind: 'run-failed', subject_kind: 'run', subject_id: 'no id', episode: '1', client_id: 'acme', ...words })
    .execute()
  await givenSector('acme', 'Sales (closed)')
  expect(await sweep()).toBe(1)
  const open = await db.selectFrom('alerts').select('kind').where('resolved_at', 'is', null).execute()
  expect(open).toEqual([{ kind: 'sector-closed' }])
})

test('an alert of a kind that only another version knows is shown, and left open', async () => {
  const words = { title: 'something new', message: 'it happened', advice: 'look' }
  await db
    .insertInto('alerts')
    .values({ kind: 'of-tomorrow', subject_kind: 'thing', subject_id: 'x', client_id: 'acme', ...words })
    .execute()
  await sweep()
  expect(await shown()).toEqual([
    { kind: 'of-tomorrow', clientId: 'acme', subject: { kind: 'thing', id: 'x' }, runId: null, open: true },
  ])
  expect(await (await operator.get('/alerts')).text()).toContain('something new')
})
