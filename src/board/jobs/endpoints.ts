import { z } from 'zod'
import { type AnyJob, jobNamed } from '../../queues/index.ts'
import { jobName, nothing } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { accept } from '../http/input.ts'
import { planned, requestRun } from '../runs/index.ts'
import { type Fire, firesByJob, nextFires } from '../schedules/index.ts'

const jobReply = z
  .strictObject({
    name: z.string(),
    summary: z.string(),
    queue: z.string(),
    schedule: z
      .strictObject({
        cron: z.string().nullable().describe('null: only schedules of their own say when.'),
        zone: z.string(),
        nextFires: nextFires.describe('The next five of all its schedules in sight, each by the clock of its zone.'),
      })
      .nullable(),
    retry: z.strictObject({ attempts: z.int(), delayMs: z.int(), maxDelayMs: z.int() }),
    timeoutMs: z.int(),
    payload: z.record(z.string(), z.unknown()).describe('JSON Schema of what POST /api/jobs/{name}/runs takes.'),
  })
  .meta({ id: 'Job' })

export const listJobs = defineEndpoint({
  method: 'get',
  path: '/api/jobs',
  group: 'Jobs',
  summary: 'The jobs there are, what each takes and when it runs.',
  role: 'viewer',
  scope: 'client',
  params: nothing,
  query: nothing,
  statuses: [200],
  reply: z.strictObject({ jobs: z.array(jobReply) }),
  async handle(_input, { board, db }) {
    const fires = await firesByJob(db, board.clock())
    return json({ jobs: [...board.registry.values()].map((job) => describeJob(job, fires.get(job.name) ?? [])) })
  },
})

function describeJob(
  { name, summary, queue, schedule, retry, timeoutMs, payload }: AnyJob,
  fires: Fire[],
): z.input<typeof jobReply> {
  return {
    name,
    summary,
    queue,
    schedule: schedule && { cron: schedule.cron, zone: schedule.zone, nextFires: fires },
    retry,
    timeoutMs,
    payload: payloadSchema(payload),
  }
}

/** A payload as JSON Schema; what JSON Schema cannot say is left open. */
export function payloadSchema(payload: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(payload, { io: 'input', unrepresentable: 'any' })
}

export const startRun = defineEndpoint({
  method: 'post',
  path: '/api/jobs/:name/runs',
  group: 'Jobs',
  summary:
    'Run a job now. Asking twice for the same payload gives the same run: 202 when it is new, 200 when it existed.',
  role: 'operator',
  scope: 'client',
  params: z.strictObject({ name: jobName }),
  query: z.strictObject({
    again: z
      .enum(['no', 'failed', 'succeeded', 'all'])
      .default('no')
      .describe(
        'What to do when the run exists and has ended: nothing, or run it again if it failed, succeeded, or either.',
      ),
  }),
  body: z.looseObject({}).describe('The payload; GET /api/jobs has its schema.'),
  statuses: [202, 200],
  reply: planned,
  async handle({ params, query, body }, context) {
    const job = jobNamed(context.board.registry, params.name)
    const request = { job, payload: accept('body', job.payload, body) }
    const { result, audit } = await requestRun(context, request, query.again)
    return { answer: json(result, result.created ? 202 : 200), audit }
  },
})
