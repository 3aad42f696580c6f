import { z } from 'zod'
import { messageOf } from '../../errors.ts'
import { SECOND_MS } from '../../time.ts'
import { nothing } from '../http/address.ts'
import type { Board, ReadinessCheck } from '../http/context.ts'
import { defineEndpoint, json, raw } from '../http/endpoint.ts'

/** Nobody waits longer for a part that hangs. */
const CHECK_TIMEOUT_MS = 3000
const GIVEN_UP_MS = 30 * SECOND_MS
/** Probes come from several sides at once; what the parts said is said again for this long. */
const REMEMBERED_MS = SECOND_MS

export const livez = defineEndpoint({
  method: 'get',
  path: '/livez',
  group: 'Health',
  summary: 'The process answers. Asks nothing else.',
  role: 'public',
  scope: 'client',
  cost: 'free',
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
  cost: 'free',
  params: nothing,
  query: nothing,
  statuses: [200, 503],
  reply: readiness,
  async handle(_input, { board }) {
    const report = await readinessOf(board)
    return json(report, report.status === 'ready' ? 200 : 503)
  },
})

/** `answeredMs` null: the parts are being asked. */
type Asked = { answeredMs: number | null; report: Promise<Readiness> }
const remembered = new WeakMap<readonly ReadinessCheck[], Asked>()

function readinessOf(board: Board): Promise<Readiness> {
  const last = remembered.get(board.readiness)
  // Not the clock on the wall: it may be set back, and what was said before would then be repeated until it has caught
  // up.
  if (last && (last.answeredMs === null || performance.now() - last.answeredMs < REMEMBERED_MS)) return last.report
  const asked: Asked = { answeredMs: null, report: askAll(board) }
  remembered.set(board.readiness, asked)
  return asked.report.finally(() => {
    asked.answeredMs = performance.now()
  })
}

async function askAll(board: Board): Promise<Readiness> {
  const checks = await Promise.all(board.readiness.map((part) => ask(board, part)))
  return { status: checks.every(({ ok }) => ok) ? 'ready' : 'not-ready', checks }
}

const underWay = new WeakMap<ReadinessCheck['check'], Promise<void>>()

/**
 * A part that hangs is asked again when it has answered, or is given up: else every probe would leave another question
 * behind.
 */
function once(check: ReadinessCheck['check']): Promise<void> {
  const asked = underWay.get(check)
  if (asked) return asked
  const answer = check().finally(() => underWay.delete(check))
  underWay.set(check, answer)
  setTimeout(() => underWay.delete(check), GIVEN_UP_MS).unref()
  return answer
}

async function ask({ log }: Board, { name, check }: ReadinessCheck) {
  const began = performance.now()
  const timeout = new Promise<never>((_done, failed) => {
    setTimeout(() => failed(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS).unref()
  })
  const ok = await Promise.race([once(check), timeout]).then(
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
  summary: 'Metrics for Prometheus. Needs a viewer key, unless METRICS_WITHOUT_KEY is set.',
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
