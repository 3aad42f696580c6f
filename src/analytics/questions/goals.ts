import { z } from 'zod'
import type { AnyDatabase, ClientDatabase } from '../../db/database.ts'
import { InputError } from '../../errors.ts'
import { defineCursor, pageOf, rowsToRead } from '../../page.ts'
import { addDays, type Day } from '../../time.ts'
import { DIMENSIONS, type Dimension } from '../metrics/index.ts'
import { chooseSource } from './choose-source.ts'
import { metricNamed } from './metrics-asked.ts'
import { RANGE_DAYS_MAX } from './resolve-question.ts'

/** Whether the target is to be reached or not to be exceeded. */
export const BOUNDS = ['at-least', 'at-most'] as const
export type Bound = (typeof BOUNDS)[number]

/** What a client wants a metric to be over some days. */
export type GoalDraft = {
  name: string
  metric: string
  /** With `member`: whose metric; the client's own has no member (''). */
  dimension: Dimension
  member: string
  /** In the metric's unit: a count, a share (0.5 is 50 %), seconds, minor units of the client's currency. */
  target: number
  bound: Bound
  /** Half-open local days. */
  from: Day
  to: Day
  /** Who answers for it; null: nobody named. */
  owner: string | null
}
export type Goal = GoalDraft & { id: string; clientId: string; createdAt: string; updatedAt: string }

const goalCursor = defineCursor(z.tuple([z.iso.date(), z.guid()]))

/** Goals by the end of their time, the last first, in pages. Throws InputError `invalid-cursor`. */
export async function listGoals(
  db: ClientDatabase,
  { clientId, cursor, limit }: { clientId: string; cursor?: string | undefined; limit: number },
): Promise<{ goals: Goal[]; nextCursor: string | null }> {
  let query = selectGoals(db)
    .where('client_id', '=', clientId)
    .orderBy('to_day', 'desc')
    .orderBy('id')
    .limit(rowsToRead(limit))
  const after = goalCursor.read(cursor)
  if (after !== null) {
    const [to, id] = after
    query = query.where((is) => is.or([is('to_day', '<', to), is.and([is('to_day', '=', to), is('id', '>', id)])]))
  }
  const page = pageOf((await query.execute()).map(goalOf), limit, ({ to, id }) => goalCursor.write([to, id]))
  return { goals: page.rows, nextCursor: page.nextCursor }
}

/** A goal that the handle may see; null: there is none. */
export async function findGoal(db: AnyDatabase, id: string): Promise<Goal | null> {
  const row = await selectGoals(db).where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : goalOf(row)
}

/** Throws InputError: `unknown-metric`, `range`, `invalid-goal`, `no-such-rollup`. */
export async function createGoal(db: ClientDatabase, clientId: string, draft: GoalDraft): Promise<Goal> {
  checkGoal(draft)
  const row = await db
    .insertInto('goals')
    .values({ client_id: clientId, ...columnsOf(draft) })
    .returning(GOAL_COLUMNS)
    .executeTakeFirstOrThrow()
  return goalOf(row)
}

/** Sets a goal whole; null when there is none. Throws InputError: `unknown-metric`, `range`, `invalid-goal`. */
export async function changeGoal(
  db: ClientDatabase,
  { clientId, id, draft }: { clientId: string; id: string; draft: GoalDraft },
): Promise<Goal | null> {
  checkGoal(draft)
  const row = await db
    .updateTable('goals')
    .set((is) => ({ ...columnsOf(draft), updated_at: is.fn('now', []) }))
    .where('client_id', '=', clientId)
    .where('id', '=', id)
    .returning(GOAL_COLUMNS)
    .executeTakeFirst()
  return row === undefined ? null : goalOf(row)
}

/** The goal that is no more; null when there was none. */
export async function deleteGoal(db: ClientDatabase, clientId: string, id: string): Promise<Goal | null> {
  const row = await db
    .deleteFrom('goals')
    .where('client_id', '=', clientId)
    .where('id', '=', id)
    .returning(GOAL_COLUMNS)
    .executeTakeFirst()
  return row === undefined ? null : goalOf(row)
}

const GOAL_COLUMNS = [
  ...(['id', 'client_id', 'name', 'metric', 'dimension', 'member', 'target', 'bound', 'from_day', 'to_day'] as const),
  ...(['owner', 'created_at', 'updated_at'] as const),
] as const
type GoalRow = Awaited<ReturnType<ReturnType<typeof selectGoals>['execute']>>[number]

function selectGoals(db: AnyDatabase) {
  return db.selectFrom('goals').select(GOAL_COLUMNS)
}

function goalOf(row: GoalRow): Goal {
  const { id, client_id: clientId, name, metric, member, bound, target, owner } = row
  const dimension = row.dimension as Dimension
  const [from, to, createdAt, updatedAt] = [row.from_day, row.to_day, row.created_at, row.updated_at]
  return { id, clientId, name, metric, dimension, member, target, bound, from, to, owner, createdAt, updatedAt }
}

function columnsOf({ from, to, ...draft }: GoalDraft) {
  const { name, metric, dimension, member, target, bound, owner } = draft
  return { name, metric, dimension, member, target, bound, owner, from_day: from, to_day: to }
}

function checkGoal({ metric, dimension, member, from, to }: GoalDraft): void {
  const asked = metricNamed(metric)
  if (!DIMENSIONS.includes(dimension)) throw new InputError('invalid-goal', `There is no dimension "${dimension}".`)
  if (dimension === 'client' && member !== '') {
    throw new InputError('invalid-goal', `A goal of the client as a whole has no member, such as "${member}".`)
  }
  const filters = dimension === 'client' ? {} : { [dimension]: [member] }
  chooseSource({ granularity: 'day', ofHours: false, dimension: 'client', filters, metrics: [asked] })
  if (from < to && addDays(from, RANGE_DAYS_MAX) >= to) return
  throw new InputError('range', `A goal lasts from 1 to ${RANGE_DAYS_MAX} days; this is from ${from} to ${to}.`)
}
