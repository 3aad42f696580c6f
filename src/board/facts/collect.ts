import { z } from 'zod'
import { type FactCounts, factSchema, findKind, kinds, parseJsonBody } from '../../ingest/index.ts'
import { PartlyDoneError } from '../../people/on-record.ts'
import { nothing } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { type BulkInput, defineEndpoint, type Endpoint, json } from '../http/endpoint.ts'
import { HttpError } from '../http/problem.ts'
import { BODY_BYTES_MAX, countsReply, kindNamed, ownerQuery, replyOf, takeFacts } from './endpoints.ts'
import { auditOf, FACTS_MAX, findOwner, itemsOf, refuseTooMany } from './store-request.ts'

/** Addresses that collectors know facts by. Each takes one or many, as /api/facts does. */
const factsByPurpose: readonly Endpoint[] = [
  takeFacts(findKind('events'), '/api/analytics/track', 'Record events: whatever has a name, with any properties.'),
  takeFacts(findKind('interactions'), '/api/analytics/conversation', 'Record calls and conversations.'),
  takeFacts(findKind('surveys'), '/api/analytics/satisfaction/survey', 'Record what customers answered to surveys.'),
  takeFacts(findKind('costs'), '/api/analytics/cost/record', 'Record costs.'),
  takeFacts(findKind('quality-scores'), '/api/analytics/calls/quality', 'Record how reviewers scored calls.'),
]

const kindsReply = z.strictObject({
  kinds: z.record(z.string(), z.strictObject(countsReply)).describe('By the names that were sent.'),
})

const LIVE_KINDS = ['agent-status-changes', 'queue-snapshots']
const ALL_KINDS = kinds.map(({ name }) => name)

function takeKinds(path: `/${string}`, summary: string, names: readonly string[]): Endpoint {
  const lists = names.map((name) => [name, z.array(factSchema(findKind(name))).optional()] as const)
  const schema = z.strictObject(Object.fromEntries(lists))
  return defineEndpoint({
    method: 'post',
    path,
    group: 'Facts',
    summary,
    role: 'ingest',
    scope: 'client',
    cost: 'dear',
    params: nothing,
    query: ownerQuery,
    statuses: [202],
    bulk: { content: { 'application/json': schema }, maxBytes: BODY_BYTES_MAX },
    reply: kindsReply,
    handle: ({ query, body }, context) => storeKinds(context, names, query.client, body),
  })
}

async function storeKinds(
  context: Context,
  names: readonly string[],
  client: string | undefined,
  { bytes }: BulkInput,
) {
  const owner = await findOwner(context, client)
  const lists = readLists(bytes, names)
  refuseTooMany(lists.reduce((sum, { values }) => sum + values.length, 0))
  const replies: Record<string, ReturnType<typeof replyOf>> = {}
  const counts = new Map<string, FactCounts>()
  try {
    for (const { name, kind, values } of lists) {
      const stored = await context.board.facts(owner, kind, itemsOf(values))
      replies[name] = replyOf(stored)
      counts.set(name, stored.counts)
    }
  } catch (error) {
    const entry = auditOf(owner, counts)
    throw entry === null ? error : new PartlyDoneError([entry], error)
  }
  return { answer: json({ kinds: replies }, 202), audit: auditOf(owner, counts) }
}

/** The lists of a body such as {"leads": […], "deals": […]}, all of them checked before any is stored. */
function readLists(bytes: Buffer, names: readonly string[]) {
  const body = parseJsonBody(bytes)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpError('invalid-json', `The body must be an object of lists, such as {"${names[0]}": [...]}.`)
  }
  return Object.entries(body).map(([name, values]: [string, unknown]) => {
    const kind = kindNamed(name, 422)
    if (!names.includes(kind.name)) {
      throw new HttpError('unknown-kind', `"${kind.name}" cannot be sent here, only ${names.join(' and ')}.`, {
        status: 422,
      })
    }
    if (Array.isArray(values)) return { name, kind, values: values as unknown[] }
    throw new HttpError('invalid-body', `"${kind.name}" must be a list of facts.`, {
      errors: [{ in: 'body', pointer: `/${name}`, detail: 'must be a list' }],
    })
  })
}

export const collectEndpoints: readonly Endpoint[] = [
  ...factsByPurpose,
  takeKinds(
    '/api/analytics/sync',
    `Bring in facts of several kinds at once, up to ${FACTS_MAX.toLocaleString('en')} in all.`,
    ALL_KINDS,
  ),
  takeKinds('/api/metrics/live/update', 'Say what agents do now and how queues stand.', LIVE_KINDS),
]
