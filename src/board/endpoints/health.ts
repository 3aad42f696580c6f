import { z } from 'zod'
import { messageOf } from '../../errors.ts'
import type { Board, ReadinessCheck } from '../context.ts'
import { defineEndpoint, json, raw } from '../endpoint.ts'
import { nothing } from './address.ts'

/** Nobody waits longer for a part that hangs. */
const CHECK_TIMEOUT_MS = 3000
/** Probes come from several sides at once; the parts are asked once in this time. */
const REMEMBERED_MS = 2000

export const livez = defineEndpoint({
  method: 'get',
  path: '/livez',
  group: 'Health',
  summary: 'The process answers. Asks nothing else.',
  role: 'public',
  scope: 'client',
  params: nothing,
  query: nothing,
  statuses: [200],
  reply: z.strictObject({ status: z.literal('ok'), version: z.string() }),
  handle: async (_input, { board }) => json({ status: 'ok' as const, version: board.version }),
})

const readiness = z.strictObject({
  status: z.enum(['ready', 'not-ready']),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), durationMs: z.int() })),
})
type Readiness = z.output<typeof readiness>

export const readyz = defineEndpoint({
  method: 'get',
  path: '/readyz',
  group: 'Health',
  summary: 'Whether the database, the queue and the storage can be used; 503 when one cannot. The log says why.',
  role: 'public',
  scope: 'client',
  params: nothing,
  query: nothing,
  statuses: [200, 503],
  reply: readiness,
  async handle(_input, { board }) {
    const report = await readinessOf(board)
    return json(report, report.status === 'ready' ? 200 : 503)
  },
})

const remembered = new WeakMap<readonly ReadinessCheck[], { askedMs: number; report: Promise<Readiness> }>()

function readinessOf(board: Board): Promise<Readiness> {
  // Not the clock on the wall: it may be set back, and what was said before would then be repeated until it has caught up.
  const nowMs = performance.now()
  const last = remembered.get(board.readiness)
  if (last && nowMs - last.askedMs < REMEMBERED_MS) return last.report
  const report = askAll(board)
  remembered.set(board.readiness, { askedMs: nowMs, report })
  return report
}

async function askAll(board: Board): Promise<Readiness> {
  const checks = await Promise.all(board.readiness.map((part) => ask(board, part)))
  return { status: checks.every(({ ok }) => ok) ? 'ready' : 'not-ready', checks }
}

async function ask({ log }: Board, { name, check }: ReadinessCheck) {
  const began = performance.now()
  const timeout = new Promise<never>((_done, failed) => {
    setTimeout(() => failed(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS).unref()
  })
  const ok = await Promise.race([check(), timeout]).then(
    () => true,
    (error: unknown) => {
      log.warn({ part: name }, `${name} is not ready: ${messageOf(error)}`)
      return false
    },
  )
  return { name, ok, durationMs: Math.round(performance.now() - began) }
}

export const metrics = defineEndpoint({
  method: 'get',
  path: '/metrics',
  group: 'Health',
  summary: 'Metrics for Prometheus. Needs a viewer key, except from the machine itself.',
  role: 'metrics',
  scope: 'everything',
  params: nothing,
  query: nothing,
  statuses: [200],
  reply: { mediaTypes: ['text/plain'] },
  async handle(_input, { board }) {
    const { registry, refresh } = board.metrics
    await refresh(board)
    return raw(registry.contentType, await registry.metrics())
  },
})
