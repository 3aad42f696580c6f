import { randomUUID } from 'node:crypto'
import { defineFault, verdict } from '../faults/fault.ts'
import { type Address, addresses, asked, fill } from './addresses.ts'
import { type Answer, type Ask, askerOf } from './ask.ts'
import { CANARY, openTwoTenants, theirIds, theirState } from './their-rows.ts'
import { keyOf, OURS, personOf, THEIRS, type Visitor } from './visitors.ts'

const FINDS_SHOWN = 5
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const otherTenants = defineFault({
  name: 'other-tenants',
  title:
    'rows of another client with equal ids: their ids in every address, their name in every query and body, by keys and people bound to ours',
  mark: 'each answer is the one that an id or a client gets that does not exist; no text of theirs comes back, no row of theirs changes',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { perTable: 1, visitorsMax: 2 },
  long: { perTable: 5, visitorsMax: 9 },
  async run(world, { perTable, visitorsMax }) {
    const board = await openTwoTenants(world)
    const visitors = await ourVisitors({ database: world.database, url: board.url() }, visitorsMax)
    const ask = askerOf(board.url())
    const ids = await theirIds(world, perTable)
    const before = await theirState(world)
    const finds: string[] = []
    let questions = 0
    for (const address of addresses.filter(({ role }) => role !== 'public')) {
      world.signal.throwIfAborted()
      for (const visitor of visitors) {
        for (const pair of pairsOf(address, visitor, ids)) {
          questions += 2
          const found = await difference(ask, pair)
          if (found !== null) finds.push(`${address.method} ${address.path} by ${visitor.name}: ${found}`)
        }
      }
    }
    ask.close()
    const after = await theirState(world)
    const changed = [...before].filter(([table, state]) => after.get(table) !== state).map(([table]) => table)
    return verdict({ 'ids of theirs': ids.length, visitors: visitors.length, questions, finds: finds.length }, [
      [finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')],
      [changed.length === 0, `rows of theirs changed: ${changed.join(', ')}`],
    ])
  },
})

async function ourVisitors(place: Parameters<typeof keyOf>[0], max: number): Promise<Visitor[]> {
  const makers = [
    () => personOf(place, 'admin', OURS),
    () => keyOf(place, 'ingest', OURS),
    () => keyOf(place, 'admin', OURS),
    () => personOf(place, 'operator', OURS),
    () => keyOf(place, 'operator', OURS),
    () => keyOf(place, 'viewer', OURS),
    () => personOf(place, 'viewer', OURS),
    () => personOf(place, 'finance', OURS),
    () => personOf(place, 'supervisor', OURS),
  ]
  const visitors: Visitor[] = []
  for (const make of makers.slice(0, max)) visitors.push(await make())
  return visitors
}

/** The same question about what is theirs, and about what does not exist. */
type Pair = { theirs: Asking; nobodys: Asking }
type Asking = { asked: ReturnType<typeof asked>; word: string }

function pairsOf(address: Address, visitor: Visitor, ids: readonly string[]): Pair[] {
  const of = (path: string, word: string): Asking => ({ asked: asked(address, path, visitor, 'as its page'), word })
  const hasId = /:\w*id\b/i.test(address.path)
  const byId = hasId
    ? ids.map((id) => pair((word) => of(fill(address.path, placed(word)), word), id, unknownLike(id)))
    : []
  const path = fill(address.path, placed(randomUUID()))
  const byQuery = pair((word) => of(`${path}?client=${word}&clientId=${word}`, word), THEIRS, 'nobody')
  const byOne = pair((word) => of(`${path}?client=${word}`, word), THEIRS, 'nobody')
  const byBody = pair((word) => withBody(of(path, word), word), THEIRS, 'nobody')
  return [...byId, byQuery, byOne, ...(address.method === 'GET' ? [] : [byBody])]
}

function pair(make: (word: string) => Asking, theirs: string, nobodys: string): Pair {
  return { theirs: make(theirs), nobodys: make(nobodys) }
}

/** Names them in the body, in every way that a body of ours names a client. */
function withBody(asking: Asking, word: string): Asking {
  const { body, headers } = asking.asked
  if (headers?.['Content-Type'] !== 'application/json' || body === undefined) return asking
  const named = { clientId: word, client: word, day: '2026-03-01', from: '2026-03-01', to: '2026-03-02' }
  return { ...asking, asked: { ...asking.asked, body: JSON.stringify(named) } }
}

const placed = (id: string) => (name: string) => PARTS[name] ?? id

/** Parameters that name no row. */
const PARTS: Record<string, string> = {
  name: 'roll-up-day',
  kind: 'customers',
  metric: 'answered',
  format: 'csv',
  index: '0',
  queueName: 'imports',
  jobId: randomUUID(),
}

function unknownLike(id: string): string {
  if (UUID.test(id)) return randomUUID()
  return id.includes(THEIRS) ? id.replaceAll(THEIRS, 'nobody') : `${id}x`
}

async function difference(ask: Ask, { theirs, nobodys }: Pair): Promise<string | null> {
  const [found, nothing] = [await ask(theirs.asked), await ask(nobodys.asked)]
  if (found.text.includes(CANARY)) return `text of theirs came back with ${found.status}`
  if (found.status >= 500 || found.status === 0) return `${found.status}`
  const [one, other] = [plain(found, theirs.word), plain(nothing, nobodys.word)]
  return one === other ? null : `${found.status} for theirs and ${nothing.status} for what does not exist`
}

/** An answer without what differs between any two: what was asked, and the name of the request. */
function plain({ status, headers, text }: Answer, word: string): string {
  const location = String(headers['location'] ?? '')
  return `${status} ${location} ${text}`
    .replaceAll(word, '<it>')
    .replaceAll(encodeURIComponent(word), '<it>')
    .replaceAll(String(headers['x-request-id']), '<request>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?|\d\d:\d\d(:\d\d)?/g, '<time>')
}
