import { z } from 'zod'
import { RUN_STATES } from '../../run-state.ts'

export const runState = z.enum(RUN_STATES)
const instant = z.iso.datetime()
export const RUN_ORIGINS = ['schedule', 'person', 'program', 'backfill', 'follow-up', 'late-facts'] as const
export const runOrigin = z.enum(RUN_ORIGINS)

const dependency = z
  .strictObject({
    job: z.string(),
    key: z.string(),
    runId: z.guid().nullable(),
    state: runState.nullable().describe('null: never planned'),
  })
  .meta({ id: 'RunDependency' })

const attempt = z
  .strictObject({
    attempt: z.int(),
    node: z.string(),
    startedAt: instant,
    finishedAt: instant.nullable(),
    outcome: z.string().nullable(),
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
    lines: z.array(z.strictObject({ at: z.string(), level: z.string(), message: z.string() })),
  })
  .meta({ id: 'RunAttempt' })

const runShape = {
  id: z.guid(),
  job: z.string(),
  key: z.string().describe('There is one run per job and key, ever.'),
  queue: z.string(),
  clientId: z.string().nullable(),
  night: z.iso.date().nullable().describe('The local day whose night the run belongs to.'),
  window: z
    .strictObject({ from: z.iso.date(), to: z.iso.date().describe('The day after the last.') })
    .nullable()
    .describe('The local days of the client that it is about, whenever it runs.'),
  payload: z.unknown(),
  state: runState,
  origin: runOrigin,
  requestedBy: z.string().nullable(),
  dueAt: instant.nullable(),
  lateAt: instant.nullable().describe('Not done by then, it is late.'),
  backfillId: z.guid().nullable(),
  priority: z.int().describe('1 a person waits, 2 a night, 3 a backfill.'),
  notBefore: instant.describe('The next try is not before this.'),
  attempt: z.int(),
  failures: z.int(),
  crashes: z.int(),
  node: z.string().nullable(),
  progress: z.number().min(0).max(1).nullable(),
  plannedAt: instant,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  cancelRequestedAt: instant.nullable(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  waitsFor: z.array(dependency).describe('What it stands on, with the state of each.'),
}

export const runReply = z.strictObject(runShape).meta({ id: 'Run' })

export const runWithAttemptsReply = z
  .strictObject({
    ...runShape,
    attempts: z
      .array(attempt)
      .describe('Oldest first, the last 100, with the lines each logged; the one in progress is the last.'),
  })
  .meta({ id: 'RunWithAttempts' })

export const planned = z.strictObject({ runId: z.guid(), created: z.boolean() }).meta({ id: 'PlannedRun' })
