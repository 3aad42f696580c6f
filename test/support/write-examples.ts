import { routes } from '../../src/board/board.ts'
import { endpoints } from '../../src/board/features.ts'
import { isQuestion } from '../../src/board/http/endpoint.ts'
import type { Route } from '../../src/board/http/routes.ts'
import { createLog } from '../../src/log.ts'
import { createUser } from '../../src/people/people.ts'
import { syncSchedules } from '../../src/queues/schedules/sync-schedules.ts'
import { issueUnsubscribeToken } from '../../src/reports/deliver/links.ts'
import type { RunState } from '../../src/run-state.ts'
import { addDays, dayOf, systemClock } from '../../src/time.ts'
import { given } from './given.ts'
import { givenReportSchedule } from './report-schedules.ts'
import { givenExecution, OPERATOR, PASSWORD, type Person, sendSignIn, signIn, type TestBoard } from './test-board.ts'
import { wholeFacts } from './whole-facts.ts'

/** Sends a request that is allowed and changes something. */
export type Send = () => Promise<Response>

/** Where an example happens: a client of its own, so that what another has changed is none of its business. */
type World = { board: TestBoard; admin: Person; key: Record<string, string>; client: string; serial: number }

const questions = new Set(endpoints.filter(isQuestion).map(({ method, path }) => `${method} ${path}`))

/** Every address that changes something. */
export const writeRoutes: readonly Route[] = routes.filter(
  ({ method, path }) => method !== 'get' && !questions.has(`${method} ${path}`),
)

/** Whose window has been due for a day, whatever time it is. */
const pastDay = addDays(dayOf(systemClock(), 'UTC'), -2)
const GOAL = { name: 'More calls', metric: 'answered', target: 10, from: '2026-03-01', to: '2026-04-01' }
const CSV = 'id,occurred_at,kind,amount_minor\n1,2026-03-01T10:00:00Z,charge,1050\n'

/** Addresses of facts that are not called after their kind. */
const KINDS: Record<string, string> = {
  '/api/facts/:kind': 'surveys',
  '/api/analytics/track': 'events',
  '/api/analytics/conversation': 'interactions',
  '/api/analytics/satisfaction/survey': 'surveys',
  '/api/analytics/cost/record': 'costs',
  '/api/analytics/calls/quality': 'quality-scores',
}

type Example = (world: World) => Promise<Send>

const EXAMPLES: Record<string, Example> = {
  'post /api/jobs/:name/runs': async (world) => json(world, 'POST', '/api/jobs/work/runs', payload(world)),
  'post /api/runs/bulk': async (world) => {
    await givenRun(world, 'failed')
    const filter = { client: world.client, state: 'failed' }
    return json(world, 'POST', '/api/runs/bulk', { action: 'retry', filter, count: 1 })
  },
  'post /api/runs/:id/retry': async (world) =>
    json(world, 'POST', `/api/runs/${await givenRun(world, 'failed')}/retry`, {}),
  'post /api/runs/:id/cancel': async (world) =>
    json(world, 'POST', `/api/runs/${await givenRun(world, 'planned')}/cancel`, {}),
  'patch /api/schedules/:id': async (world) =>
    json(world, 'PATCH', `/api/schedules/${await givenSchedule(world)}`, { overlap: 'skip' }),
  'post /api/report-schedules': async (world) =>
    json(world, 'POST', `/api/report-schedules?client=${world.client}`, {
      ...{ name: 'daily', report: 'performance', period: 'yesterday', formats: ['pdf'], cron: '0 7 29 2 1' },
      recipients: [{ address: 'ann@example.com', formats: ['pdf'] }],
    }),
  'delete /api/report-schedules/:name': async (world) => {
    await givenReportSchedule(world.board.database.system, { clientId: world.client })
    return json(world, 'DELETE', `/api/report-schedules/daily?client=${world.client}`)
  },
  'post /api/backfills': async (world) => json(world, 'POST', '/api/backfills', await backfill(world)),
  'post /api/backfills/:id/cancel': async (world) =>
    json(world, 'POST', `/api/backfills/${await givenBackfill(world)}/cancel`, {}),
  'post /api/analytics/sync': async (world) =>
    json(world, 'POST', `/api/analytics/sync?client=${world.client}`, { payments: [fact('payments')] }),
  'post /api/metrics/live/update': async (world) =>
    json(world, 'POST', `/api/metrics/live/update?client=${world.client}`, {
      'queue-snapshots': [fact('queue-snapshots')],
    }),
  'delete /api/admin/customers/:customerId': async (world) => {
    await world.board.database.system
      .insertInto('customers')
      .values({ client_id: world.client, id: 'ada', name: 'Ada' })
      .execute()
    return json(world, 'DELETE', `/api/admin/customers/ada?client=${world.client}`)
  },
  'post /api/imports': async (world) => upload(world, 'false'),
  'post /api/imports/:id/import': async (world) =>
    json(world, 'POST', `/api/imports/${await givenRehearsal(world)}/import`, {}),
  'put /api/admin/thresholds/:metric': async (world) =>
    json(world, 'PUT', `/api/admin/thresholds/service-level?client=${world.client}`, {
      target: 0.9,
      warning: null,
      critical: null,
    }),
  'post /api/admin/goals': async (world) => json(world, 'POST', `/api/admin/goals?client=${world.client}`, GOAL),
  'put /api/admin/goals/:id': async (world) =>
    json(world, 'PUT', `/api/admin/goals/${await givenGoal(world)}`, { ...GOAL, target: 20 }),
  'delete /api/admin/goals/:id': async (world) => json(world, 'DELETE', `/api/admin/goals/${await givenGoal(world)}`),
  'post /nights/run': async (world) => {
    await givenSchedule(world)
    return form(world, '/nights/run', { client: world.client, day: pastDay })
  },
  'post /nights/retry': async (world) => {
    await givenRun(world, 'failed')
    return form(world, '/nights/retry', { client: world.client, day: pastDay })
  },
  'post /runs/bulk': async (world) => {
    await givenRun(world, 'failed')
    return form(world, '/runs/bulk', { client: world.client, state: 'failed', action: 'discard', count: '1' })
  },
  'post /runs/:id/retry': async (world) => form(world, `/runs/${await givenRun(world, 'failed')}/retry`),
  'post /runs/:id/cancel': async (world) => form(world, `/runs/${await givenRun(world, 'planned')}/cancel`),
  'post /runs/:id/again': async (world) => form(world, `/runs/${await givenRun(world, 'succeeded')}/again`),
  'post /jobs/:name/run': async (world) => bare(world, '/jobs/work/run', payload(world)),
  'post /schedules/:id/edit': async (world) =>
    bare(world, `/schedules/${await givenSchedule(world)}/edit`, {
      cron: '5 1 * * *',
      zone: 'UTC',
      catchUp: 'all',
      catchUpWithin: '',
      overlap: 'queue',
      lateAfter: '',
    }),
  'post /schedules/:id/pause': async (world) => pauseForm(world, await givenSchedule(world)),
  'post /schedules/:id/resume': async (world) => {
    const id = await givenSchedule(world)
    await (await pauseForm(world, id))()
    return form(world, `/schedules/${id}/resume`)
  },
  'post /schedules/:id/as-declared': async (world) => {
    const id = await givenSchedule(world)
    await json(world, 'PATCH', `/api/schedules/${id}`, { overlap: 'skip' })()
    return form(world, `/schedules/${id}/as-declared`)
  },
  'post /backfills': async (world) => {
    await givenSchedule(world)
    const days = { client: world.client, what: 'roll-up-day', first: pastDay, last: pastDay }
    return bare(world, '/backfills', { ...days, reprocess: 'none', order: 'oldest-first', runsMax: '1' })
  },
  'post /backfills/:id/cancel': async (world) => form(world, `/backfills/${await givenBackfill(world)}/cancel`),
  'post /imports': async (world) => {
    const sent = new FormData()
    const fields = { csrf: world.admin.csrf, client: world.client, kind: 'payments', dryRun: 'true' }
    for (const [name, value] of Object.entries(fields)) sent.set(name, value)
    sent.set('file', new Blob([CSV]), 'payments.csv')
    return sending(world, '/imports', { method: 'POST', body: sent, headers: { Cookie: world.admin.cookie } })
  },
  'post /imports/:id/import': async (world) => form(world, `/imports/${await givenRehearsal(world)}/import`),
  'post /sign-in': async ({ board, client }) => {
    const email = `${client}@example.com`
    const person = { email, name: 'Ann', role: 'viewer', clientId: client, password: PASSWORD } as const
    await createUser(board.database.system, person, OPERATOR)
    return async () => (await sendSignIn(board, { email, password: PASSWORD })).response
  },
  'post /sign-out': async (world) => form({ ...world, admin: await signIn(world.board, 'viewer') }, '/sign-out'),
  'post /u/:token': async (world) => {
    const { board, client } = world
    const executionId = await givenExecution(board, { clientId: client })
    const db = board.database.system
    const recipients = [{ address: 'ann@example.com', formats: ['csv' as const] }]
    const schedule_id = await givenReportSchedule(db, { clientId: client, recipients })
    await db.updateTable('executions').set({ schedule_id }).where('id', '=', executionId).execute()
    const { id: deliveryId } = await db
      .insertInto('deliveries')
      .values({ client_id: client, execution_id: executionId, address: 'ann@example.com', formats: ['csv'] })
      .returning('id')
      .executeTakeFirstOrThrow()
    const token = await issueUnsubscribeToken(board.database.forClient(client), { clientId: client, deliveryId })
    return sending(world, `/u/${token}`, { method: 'POST' })
  },
}

let serial = 0

/** Makes what a request to this address needs; another one each time. */
export async function exampleOf(
  place: Pick<World, 'board' | 'admin' | 'key'>,
  { method, path }: Pick<Route, 'method' | 'path'>,
): Promise<Send> {
  serial += 1
  const client = `client-${serial}`
  await given.client(place.board.database.system, { id: client })
  const world = { ...place, client, serial }
  const kind = KINDS[path] ?? /^\/api\/facts\/(.+)$/.exec(path)?.[1]
  if (kind !== undefined)
    return json(world, 'POST', `${path.replace(':kind', 'customer_satisfaction')}?client=${client}`, fact(kind))
  const example = EXAMPLES[`${method} ${path}`]
  if (!example) throw new Error(`${method} ${path} changes something and has no example in write-examples.ts`)
  return example(world)
}

function fact(kind: string): object {
  // The kind is called after its table in the examples of whole facts.
  const whole = wholeFacts[kind] ?? wholeFacts[kind === 'service-requests' ? 'requests' : '']
  if (!whole) throw new Error(`there is no whole fact of ${kind}`)
  return whole
}

function sending({ board }: World, path: string, init: RequestInit): Send {
  return () => fetch(board.url + path, { redirect: 'manual', ...init })
}

function json(world: World, method: string, path: string, body?: object): Send {
  const headers = { ...world.key, ...(body && { 'Content-Type': 'application/json' }) }
  return sending(world, path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
}

function bare(world: World, path: string, fields: Record<string, string>): Send {
  const body = new URLSearchParams({ csrf: world.admin.csrf, ...fields })
  return sending(world, path, { method: 'POST', body, headers: { Cookie: world.admin.cookie } })
}

function form(world: World, path: string, fields: Record<string, string> = {}): Send {
  return bare(world, path, { back: '/', ...fields })
}

function upload(world: World, dryRun: string): Send {
  const path = `/api/imports?client=${world.client}&kind=payments&dryRun=${dryRun}`
  return sending(world, path, { method: 'POST', body: CSV, headers: { ...world.key, 'Content-Type': 'text/csv' } })
}

function payload({ client }: World): { clientId: string; name: string } {
  return { clientId: client, name: pastDay }
}

async function givenRun({ board, client }: World, state: RunState): Promise<string> {
  const { id } = await board.database.system
    .insertInto('runs')
    .values({
      ...{ job: 'work', key: `${client}.${state}`, queue: 'aggregation', client_id: client, state, night: pastDay },
      ...{ payload: JSON.stringify({ clientId: client, name: 'again' }), origin: 'person' },
      ...(state === 'planned' ? {} : { finished_at: systemClock().toString() }),
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

async function givenSchedule({ board, client }: World): Promise<string> {
  await syncSchedules(board.database.system, board.parts.registry, createLog('silent'), systemClock())
  const { id } = await board.database.system
    .selectFrom('schedules')
    .select('id')
    .where('client_id', '=', client)
    .where('job', '=', 'roll-up-day')
    .executeTakeFirstOrThrow()
  return id
}

async function pauseForm(world: World, id: string): Promise<Send> {
  const until = `${addDays(pastDay, 30)}T12:00`
  return form(world, `/schedules/${id}/pause`, { until, reason: 'repairs' })
}

async function backfill(world: World): Promise<object> {
  await givenSchedule(world)
  return { clientId: world.client, job: 'roll-up-day', from: pastDay, to: addDays(pastDay, 1) }
}

async function givenBackfill(world: World): Promise<string> {
  const asked = json(world, 'POST', '/api/backfills', await backfill(world))
  return (await madeOf<{ backfill: { id: string } }>(await asked())).backfill.id
}

async function givenRehearsal(world: World): Promise<string> {
  return (await madeOf(await upload(world, 'true')())).id
}

async function givenGoal(world: World): Promise<string> {
  return (await madeOf(await json(world, 'POST', `/api/admin/goals?client=${world.client}`, GOAL)())).id
}

async function madeOf<Made = { id: string }>(response: Response): Promise<Made> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Made
}
