import { z } from 'zod'
import {
  BOUNDS,
  changeGoal,
  createGoal,
  deleteGoal,
  findGoal,
  type Goal,
  goalProgress,
  listGoals,
} from '../../analytics/questions/index.ts'
import { actingClient } from '../http/acting-client.ts'
import { day, nextCursor, nothing, page, uuid } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { HttpError, notFound } from '../http/problem.ts'
import { clientParameter, dimension } from '../metrics/index.ts'

const draft = z.strictObject({
  name: z.string().trim().min(1).max(200),
  metric: z.string().max(100).describe('A name of the catalogue.'),
  dimension: dimension.default('client').describe('Whose metric; client: that of the client as a whole.'),
  member: z.string().max(200).default('').describe('Of the dimension; empty for the client as a whole.'),
  target: z.number().describe('In the metric’s unit: a count, a share (0.5 is 50 %), seconds, minor units.'),
  bound: z.enum(BOUNDS).default('at-least').describe('Whether the target is to be reached, or not to be exceeded.'),
  from: day.describe('The first local day that counts.'),
  to: day.describe('The day after the last.'),
  owner: z.string().trim().min(1).max(200).nullable().default(null).describe('Who answers for it.'),
})

const instant = z.iso.datetime()
const goalReply = z
  .strictObject({
    ...draft.shape,
    dimension,
    member: z.string(),
    bound: z.enum(BOUNDS),
    owner: z.string().nullable(),
    id: z.guid(),
    clientId: z.string(),
    createdAt: instant,
    updatedAt: instant,
  })
  .meta({ id: 'Goal' })

const progressReply = z.strictObject({
  asOf: z.iso.date().describe('The day after the last that counts; days that are not over do not.'),
  value: z.number().nullable().describe('Over the days so far; null: nothing is known of them.'),
  expected: z
    .number()
    .nullable()
    .describe(
      'On the straight way to the target; a ratio, and a level that held it before, is expected at it all the time.',
    ),
  share: z
    .number()
    .nullable()
    .describe(
      'How much of the way is done; null where there is none: for ratios, and levels that held the target before.',
    ),
  onPace: z.boolean().nullable(),
  state: z.enum(['not-started', 'running', 'met', 'missed', 'unknown']),
  provisional: z.boolean().describe('The numbers may still change.'),
  history: z.array(
    z.strictObject({ day: z.iso.date(), value: z.number().nullable(), expected: z.number().nullable() }),
  ),
})

/** The address of one goal. */
const params = z.strictObject({ id: uuid.describe('The id of a goal.') })

export const listGoalsEndpoint = defineEndpoint({
  method: 'get',
  path: '/api/admin/goals',
  group: 'Goals',
  summary: 'The goals of a client, those that end last first.',
  role: 'reports',
  scope: 'client',
  params: nothing,
  query: z.strictObject({ client: clientParameter, ...page }),
  statuses: [200],
  reply: z.strictObject({ goals: z.array(goalReply), nextCursor }),
  async handle({ query }, context) {
    const { db, clientId } = await actingClient(context, query.client)
    return json(await listGoals(db, { clientId, cursor: query.cursor, limit: query.limit }))
  },
})

export const findGoalEndpoint = defineEndpoint({
  method: 'get',
  path: '/api/admin/goals/:id',
  group: 'Goals',
  summary: 'One goal: how far it has got, whether it is on pace, and where it stood on each day.',
  role: 'reports',
  scope: 'client',
  cost: 'dear',
  params,
  query: nothing,
  statuses: [200],
  reply: z.strictObject({ goal: goalReply, progress: progressReply }),
  async handle({ params: { id } }, context) {
    const goal = await goalInSight(context, id)
    const { database, clock, questions } = context.board
    const progress = await goalProgress(database.forClient(goal.clientId), goal, { at: clock(), ask: questions.ask })
    return json({ goal, progress })
  },
})

export const createGoalEndpoint = defineEndpoint({
  method: 'post',
  path: '/api/admin/goals',
  group: 'Goals',
  summary: 'Set a goal: a metric of a client or of one member of a dimension, a target, and the days it is for.',
  role: 'admin',
  scope: 'client',
  params: nothing,
  query: z.strictObject({ client: clientParameter }),
  body: draft,
  statuses: [201],
  reply: goalReply,
  async handle({ query, body }, context) {
    const { db, clientId } = await actingClient(context, query.client)
    const goal = await createGoal(db, clientId, body)
    const audit = { action: 'create-goal', target: `goal:${goal.id}`, clientId, before: null, after: body }
    return { answer: json(goal, 201), audit }
  },
})

export const changeGoalEndpoint = defineEndpoint({
  method: 'put',
  path: '/api/admin/goals/:id',
  group: 'Goals',
  summary: 'Replace a goal.',
  role: 'admin',
  scope: 'client',
  params,
  query: nothing,
  body: draft,
  statuses: [200],
  reply: goalReply,
  async handle({ params: { id }, body }, context) {
    const before = await goalInSight(context, id)
    const { clientId } = before
    const goal = await changeGoal(context.board.database.forClient(clientId), { clientId, id, draft: body })
    if (goal === null) throw noGoal(id)
    const audit = { action: 'change-goal', target: `goal:${id}`, clientId, before: draftOf(before), after: body }
    return { answer: json(goal), audit }
  },
})

export const deleteGoalEndpoint = defineEndpoint({
  method: 'delete',
  path: '/api/admin/goals/:id',
  group: 'Goals',
  summary: 'Take a goal away.',
  role: 'admin',
  scope: 'client',
  params,
  query: nothing,
  body: nothing,
  statuses: [200],
  reply: goalReply,
  async handle({ params: { id } }, context) {
    const { clientId } = await goalInSight(context, id)
    const goal = await deleteGoal(context.board.database.forClient(clientId), clientId, id)
    if (goal === null) throw noGoal(id)
    const audit = { action: 'delete-goal', target: `goal:${id}`, clientId, before: draftOf(goal), after: null }
    return { answer: json(goal), audit }
  },
})

/** A goal as the visitor's own database handle shows it. */
async function goalInSight({ db }: Context, id: string): Promise<Goal> {
  const goal = await findGoal(db, id)
  if (goal === null) throw noGoal(id)
  return goal
}

function noGoal(id: string): HttpError {
  return notFound(`There is no goal ${id}.`)
}

function draftOf({ id: _id, clientId: _client, createdAt: _created, updatedAt: _updated, ...rest }: Goal) {
  return rest
}
