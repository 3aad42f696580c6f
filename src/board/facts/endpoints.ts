import { z } from 'zod'
import {
  type FactKind,
  factSchema,
  findKind,
  type JsonItem,
  kinds,
  parseJsonBody,
  parseJsonLines,
  type StoredFacts,
} from '../../ingest/index.ts'
import { clientId, nothing } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { type BulkInput, defineEndpoint, type Endpoint, json, type Written } from '../http/endpoint.ts'
import { HttpError } from '../http/problem.ts'
import { auditOf, FACTS_MAX, findOwner, itemsOf, refuseTooMany, storeOne } from './store-request.ts'

/** Ten thousand facts of a kilobyte and a half. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024
const LINES_TYPES = ['application/x-ndjson', 'application/jsonl']

export const ownerQuery = z.strictObject({
  client: clientId.optional().describe('Whose facts they are; needed where the key or person acts for every client.'),
})

export const countsReply = {
  received: z.int(),
  inserted: z.int(),
  updated: z.int(),
  unchanged: z.int().describe('They were stored with the same content before; their days are not rolled up again.'),
  rejected: z.int(),
  errors: z
    .array(
      z.strictObject({
        index: z.int().describe('The place of the item in what was sent, counted from 0.'),
        id: z.string().nullable(),
        field: z.string().describe('Empty: the item as a whole is at fault.'),
        reason: z.string(),
      }),
    )
    .describe('Each field at fault of each item that was rejected; the others are stored.'),
}

const factsReply = z.strictObject(countsReply).meta({ id: 'StoredFacts' })
type FactsReply = z.input<typeof factsReply>

/** What a request that brings facts of one kind takes. */
function factsBody(kind: FactKind) {
  const fact = factSchema(kind)
  const lines = z.string().describe('A fact on each line.')
  return {
    content: {
      'application/json': z.union([fact, z.array(fact).max(FACTS_MAX)]),
      ...Object.fromEntries(LINES_TYPES.map((type) => [type, lines])),
    },
    maxBytes: BODY_BYTES_MAX,
  }
}

/** An address that takes facts of one kind, one or many. */
export function takeFacts(kind: FactKind, path: `/${string}`, summary: string): Endpoint {
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
    bulk: factsBody(kind),
    reply: factsReply,
    handle: ({ query, body }, context) => storeBody(context, kind, query.client, body),
  })
}

/** One address for each kind of fact. */
export const factEndpoints: readonly Endpoint[] = kinds.map((kind) =>
  takeFacts(
    kind,
    `/api/facts/${kind.name}`,
    `Bring in ${kind.name}, one or up to ${FACTS_MAX.toLocaleString('en')}. Known by their id: the same again changes nothing, another content updates.`,
  ),
)

export const factsByOtherName = defineEndpoint({
  method: 'post',
  path: '/api/facts/:kind',
  group: 'Facts',
  summary: 'Bring in facts of a kind by another of its names, such as that of its table.',
  role: 'ingest',
  scope: 'client',
  cost: 'dear',
  params: z.strictObject({ kind: z.string().max(100) }),
  query: ownerQuery,
  statuses: [202],
  bulk: {
    content: Object.fromEntries(['application/json', ...LINES_TYPES].map((type) => [type, z.unknown()])),
    maxBytes: BODY_BYTES_MAX,
  },
  reply: factsReply,
  handle: ({ params, query, body }, context) => storeBody(context, kindNamed(params.kind), query.client, body),
})

/** Throws HttpError `unknown-kind`. */
export function kindNamed(name: string, status = 404): FactKind {
  try {
    return findKind(name)
  } catch (error) {
    throw new HttpError('unknown-kind', (error as Error).message, { status, cause: error })
  }
}

async function storeBody(
  context: Context,
  kind: FactKind,
  client: string | undefined,
  body: BulkInput,
): Promise<Written<FactsReply>> {
  const owner = await findOwner(context, client)
  const sent = readBody(body)
  const stored =
    'value' in sent
      ? await storeOne(context, owner, kind, sent.value)
      : await context.board.facts(owner, kind, sent.items)
  return { answer: json(replyOf(stored), 202), audit: auditOf(owner, new Map([[kind.name, stored.counts]])) }
}

export function replyOf({ counts, errors }: StoredFacts): FactsReply {
  return { ...counts, errors }
}

/** One fact, or the items of a batch. Throws HttpError and InputError for a body that is neither. */
function readBody({ mediaType, bytes }: BulkInput): { value: object } | { items: JsonItem[] } {
  if (LINES_TYPES.includes(mediaType)) {
    const items = parseJsonLines(bytes, FACTS_MAX)
    refuseTooMany(items.length)
    return { items }
  }
  const value = parseJsonBody(bytes)
  if (Array.isArray(value)) {
    refuseTooMany(value.length)
    return { items: itemsOf(value) }
  }
  if (typeof value === 'object' && value !== null) return { value }
  throw new HttpError('invalid-json', 'The body must be a fact (a JSON object) or a list of them.')
}
