import { mayUse } from '../../src/people/roles.ts'
import { defineFault, verdict } from '../faults/fault.ts'
import type { World } from '../faults/world.ts'
import { given } from '../support/given.ts'
import { type Address, addresses, asked, fill, isWrite } from './addresses.ts'
import { type Answer, type Ask, askerOf, codeOf } from './ask.ts'
import { givenVisitors, OURS, THEIRS, type Visitor } from './visitors.ts'

/** What the door says: in, or which refusal. */
type Door = 'in' | 'unknown' | 'forbidden' | 'forged' | 'broken'

const DOORS: Record<string, Door> = {
  'sign-in-needed': 'unknown',
  'invalid-key': 'unknown',
  forbidden: 'forbidden',
  'other-client': 'forbidden',
  'invalid-csrf-token': 'forged',
}

/** What of a question to a mismatch is worth a line. */
const FINDS_SHOWN = 6

export const matrix = defineFault({
  name: 'matrix',
  title:
    'every route, bull-board’s too, asked by nobody, by keys that are none, and by a key and a person of every role and client',
  mark: 'each answers as its declared role and scope say, and none with 5xx',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { visitorsPerRoute: 7 },
  long: { visitorsPerRoute: Number.POSITIVE_INFINITY },
  async run(world, { visitorsPerRoute }) {
    for (const id of [OURS, THEIRS]) await given.client(world.db, { id, name: id })
    const board = await world.start('board', { REQUESTS_PER_SECOND: '10000' })
    const visitors = await givenVisitors({ database: world.database, url: board.url() })
    const ask = askerOf(board.url())
    const finds: string[] = []
    let requests = 0
    for (const address of addresses) {
      world.signal.throwIfAborted()
      for (const visitor of chosen(world, visitors, visitorsPerRoute)) {
        // A public route asks nobody who they are; with somebody's cookie it would sign them out.
        if (address.role === 'public' && visitor.kind !== 'nobody') continue
        requests += 1
        finds.push(...(await mismatches(ask, address, visitor)))
      }
    }
    ask.close()
    return verdict({ routes: addresses.length, visitors: visitors.length, requests, mismatches: finds.length }, [
      [finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')],
    ])
  },
})

function chosen({ random }: World, visitors: readonly Visitor[], count: number): Visitor[] {
  const drawn = visitors.map((visitor) => ({ visitor, at: random.unit() })).sort((a, b) => a.at - b.at)
  return drawn.slice(0, count).map(({ visitor }) => visitor)
}

/** With what their page shows, and for a person's write also without. */
async function mismatches(ask: Ask, address: Address, visitor: Visitor): Promise<string[]> {
  const finds = []
  const expected = doorFor(address, visitor)
  const found = await doorOf(ask, address, visitor)
  if (!fits(address, expected, found)) finds.push(`${sayOf(address, visitor)}: ${found.words}, not ${expected}`)
  if (visitor.kind === 'person' && isWrite(address) && address.role !== 'public') {
    const forged = await doorOf(ask, address, { ...visitor, csrf: null })
    if (forged.door !== 'forged' && forged.door !== 'forbidden')
      finds.push(`${sayOf(address, visitor)} without its token: ${forged.words}`)
  }
  return finds
}

function doorFor({ role, scope, kind, method }: Address, visitor: Visitor): Door {
  if (role === 'public') return 'in'
  if (visitor.kind === 'refused key') return 'unknown'
  if (role === 'open') return 'in'
  if (visitor.role === null) return 'unknown'
  const mayCome = mayUse(visitor.role, role) && (scope === 'client' || visitor.clientId === null)
  if (!mayCome) return 'forbidden'
  // A form is for people: a key has no page that could show a token.
  return kind === 'form' && method !== 'GET' && visitor.kind === 'key' ? 'forged' : 'in'
}

/** bull-board's writes are for admins, some of them, or for nobody, and so is what it tells of the server. */
function fits({ kind, method, path }: Address, expected: Door, { door }: { door: Door }): boolean {
  const mayBeClosed = kind === 'queues' && (method !== 'GET' || path.endsWith('/redis/stats'))
  return door === expected || (mayBeClosed && expected === 'in' && door === 'forbidden')
}

async function doorOf(ask: Ask, address: Address, visitor: Visitor): Promise<{ door: Door; words: string }> {
  const path = fill(address.path, valueOf)
  let answer = await ask(asked(address, path, visitor, 'as its page'))
  const code = codeOf(answer)
  const mayBringFile = code === 'unsupported-media-type' || (code === 'invalid-csrf-token' && visitor.csrf !== null)
  if (address.kind === 'form' && mayBringFile)
    answer = await ask(asked(address, path, visitor, 'as a form with a file'))
  return { door: doorIn(address, answer), words: `${answer.status} ${codeOf(answer)}`.trim() }
}

/** bull-board's own refusals are no problem documents. */
function doorIn({ kind }: Address, answer: Answer): Door {
  if (answer.status >= 500 || answer.status === 0) return 'broken'
  const named = DOORS[codeOf(answer)]
  if (named !== undefined) return named
  return kind === 'queues' && answer.status === 403 ? 'forbidden' : 'in'
}

/** Of something that is not there: the door is what is looked at. */
function valueOf(name: string): string {
  if (name === 'queueName') return 'imports'
  return /id$/i.test(name) ? '00000000-0000-4000-8000-000000000000' : 'none'
}

function sayOf({ method, path }: Address, { name }: Visitor): string {
  return `${method} ${path} by ${name}`
}
