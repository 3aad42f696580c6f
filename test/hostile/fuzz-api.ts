import fc from 'fast-check'
import { defineFault, verdict } from '../faults/fault.ts'
import { type Answer, type Asked, askerOf, isBusy } from './ask.ts'
import { nastyText, nearly, type Schema, type Schemas } from './nasty-values.ts'
import { CANARY, openTwoTenants } from './their-rows.ts'
import { keyOf, OURS, type Visitor } from './visitors.ts'

const FINDS_SHOWN = 5
/** What a fuzzer says costs little to answer: what is not answered within this hangs. */
const ANSWER_MAX_MS = 90_000

type Parameter = { name: string; in: string; required: boolean; schema: Schema }
type Operation = {
  method: string
  path: string
  parameters: Parameter[]
  body: { type: string; schema: Schema } | null
}

export const fuzzApi = defineFault({
  name: 'fuzz-api',
  title:
    'every operation of /openapi.json with values that are nearly right, wrong, huge, deep, not text, named __proto__, said twice, or beyond all calendars',
  mark: 'none answers with 5xx or later than 30 s, none says a word of the other tenant',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { perOperation: 4 },
  long: { perOperation: 250 },
  async run(world, { perOperation }) {
    const board = await openTwoTenants(world)
    const place = { database: world.database, url: board.url() }
    const visitors = [
      await keyOf(place, 'admin', OURS),
      await keyOf(place, 'operator', OURS),
      await keyOf(place, 'admin', null),
    ]
    const ask = askerOf(board.url())
    const { operations, schemas } = await readOperations(ask)
    const finds: string[] = []
    const counts = { requests: 0, taken: 0, refused: 0, busy: 0 }
    let slowestMs = 0
    for (const [index, operation] of operations.entries()) {
      world.signal.throwIfAborted()
      const seed = world.random.integer(1, 1_000_000)
      for (const [turn, made] of fc.sample(requestsOf(operation, schemas), { numRuns: perOperation, seed }).entries()) {
        const visitor = visitors[(index + turn) % visitors.length] as Visitor
        const answer = await ask({ ...made, headers: { ...made.headers, ...visitor.headers } })
        slowestMs = Math.max(slowestMs, answer.ms)
        counts.requests += 1
        counts.taken += Number(answer.status < 400)
        counts.refused += Number(answer.status >= 400 && answer.status < 500)
        counts.busy += Number(isBusy(answer))
        const found = faultOf(answer, visitor)
        if (found !== null) finds.push(`${operation.method} ${made.path.slice(0, 200)} by ${visitor.name}: ${found}`)
      }
    }
    ask.close()
    const slowest = `${Math.round(slowestMs)} ms`
    return verdict({ operations: operations.length, ...counts, 'slowest answer': slowest, finds: finds.length }, [
      [finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')],
      [counts.taken > 0, 'no request was taken: the fuzzer says nothing that is nearly right'],
    ])
  },
})

function faultOf(answer: Answer, visitor: Visitor): string | null {
  const { status, text, ms } = answer
  if (visitor.clientId === OURS && text.includes(CANARY)) return `a word of the other tenant, with ${status}`
  if (ms > ANSWER_MAX_MS) return `${status} after ${Math.round(ms)} ms`
  // A key is asked for its readiness by nobody: what is not ready says so.
  if ((status >= 500 && !isBusy(answer)) || status === 0) return `${status} ${text.slice(0, 200)}`
  return null
}

type Document = {
  paths: Record<
    string,
    Record<string, { parameters?: Parameter[]; requestBody?: { content: Record<string, { schema: Schema }> } }>
  >
  components: { schemas: Schemas }
}

async function readOperations(ask: (asked: Asked) => Promise<Answer>) {
  const { paths, components } = JSON.parse((await ask({ path: '/openapi.json' })).text) as Document
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]): Operation => {
      const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
      const body = type === undefined || content === undefined ? null : { type, schema: content.schema }
      return { method: method.toUpperCase(), path, parameters, body }
    }),
  )
  return { operations, schemas: components.schemas }
}

/** Requests of one operation: each of its parameters, some twice, some that nobody knows, and a body. */
function requestsOf(operation: Operation, schemas: Schemas): fc.Arbitrary<Asked> {
  const { method, path, parameters, body } = operation
  const inPath = parameters.filter((each) => each.in === 'path')
  const inQuery = parameters.filter((each) => each.in === 'query')
  const places = fc.tuple(
    ...inPath.map(({ name, schema }) =>
      nearly(schema, schemas, { name }).map((value) => [name, textOf(value)] as const),
    ),
  )
  const known = fc.tuple(
    ...inQuery.map(({ name, required, schema }) => queryPart(name, required, nearly(schema, schemas, { name }))),
  )
  const unknown = fc.oneof(
    { weight: 9, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.tuple(nastyText, nastyText) },
  )
  const sent =
    body === null ? fc.constant(null) : nearly(body.schema, schemas).map((value) => contentOf(body.type, value))
  return fc.tuple(places, known, unknown, sent).map(([values, pairs, extra, content]) => {
    const filled = values.reduce((so, [name, value]) => so.replace(`{${name}}`, encoded(value)), path)
    const query = [...pairs.flat(), ...(extra === null ? [] : [extra])].map(
      ([name, value]) => `${encoded(name)}=${encoded(value)}`,
    )
    const headers = content === null ? {} : { 'Content-Type': body?.type ?? '' }
    return { method, path: `${filled}?${query.join('&')}`, headers, ...(content !== null && { body: content }) }
  })
}

type Pair = readonly [name: string, value: string]

/** Once, not at all, twice, or as frameworks write lists and objects. */
function queryPart(name: string, isNeeded: boolean, value: fc.Arbitrary<unknown>): fc.Arbitrary<readonly Pair[]> {
  const text = value.map(textOf)
  return fc.oneof(
    { weight: isNeeded ? 40 : 6, arbitrary: text.map((one) => [[name, one]] as const) },
    { weight: isNeeded ? 1 : 20, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.tuple(text, text).map(
        ([one, two]) =>
          [
            [name, one],
            [name, two],
          ] as const,
      ),
    },
    {
      weight: 1,
      arbitrary: text.map(
        (one) =>
          [
            [`${name}[__proto__]`, one],
            [`${name}[]`, one],
          ] as const,
      ),
    },
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** As it stands in an address; what has no UTF-8 is replaced, as every client would. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('.', '%2E') || '%20'
}

function contentOf(type: string, value: unknown): string {
  return type.includes('json') ? JSON.stringify(value) : textOf(value)
}
