import { sql } from 'kysely'
import { defineFault, verdict } from '../faults/fault.ts'
import type { World } from '../faults/world.ts'
import { given } from '../support/given.ts'
import { type Address, addresses, asked, fill, isWrite } from './addresses.ts'
import { type Asked, askerOf, codeOf } from './ask.ts'
import { FAST } from './lives.ts'
import { OURS, personOf, type Visitor } from './visitors.ts'

const FINDS_SHOWN = 5

export const forgedWrites = defineFault({
  name: 'forged-writes',
  title:
    'every write sent by another site with an admin’s cookie: no token, a wrong one, a foreign origin, none, a frame, text that is no JSON',
  mark: 'every one is refused; nothing is on record that they did; the session still stands',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: {},
  long: {},
  async run(world) {
    await given.client(world.db, { id: OURS })
    const board = await world.start('board', FAST)
    const admin = await personOf({ database: world.database, url: board.url() }, 'admin', null)
    const ask = askerOf(board.url())
    const before = await countChanges(world)
    const finds: string[] = []
    let writes = 0
    // Signing in and unsubscribing are for people without a session: their own tests show their tokens.
    const targets = addresses.filter(
      (address) => isWrite(address) && (address.role !== 'public' || address.path === '/sign-out'),
    )
    for (const address of targets) {
      for (const [name, forge] of Object.entries(FORGERIES)) {
        const answer = await ask(forge(address, admin))
        writes += 1
        // One that came without what the board calls a body at all is refused for that.
        if (codeOf(answer) !== 'invalid-csrf-token' && answer.status !== 415)
          finds.push(`${address.method} ${address.path}, ${name}: ${answer.status} ${codeOf(answer)}`)
      }
    }
    const { status } = await ask({ path: '/audit', headers: admin.headers })
    ask.close()
    const more = (await countChanges(world)) - before
    return verdict({ routes: targets.length, 'forged writes': writes, 'not refused': finds.length }, [
      [finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')],
      [more === 0, `${more} changes are on record`],
      [status === 200, `the session was ended: ${status}`],
    ])
  },
})

/** What is on record as done; a refusal may be on record as one. */
async function countChanges({ db }: World): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from analytics_audit_log t
    where coalesce(to_jsonb(t) ->> 'outcome', 'done') not in ('refused', 'failed')`.execute(db)
  return rows[0]?.count ?? 0
}

type Forge = (address: Address, admin: Visitor) => Asked

/** With a token that may or may not be right, and what a browser says of where the page came from. */
function withHeaders(token: 'right' | 'wrong' | 'none', headers: Record<string, string>): Forge {
  return (address, admin) => {
    const shown = { right: admin.csrf, wrong: 'x'.repeat(43), none: null }[token]
    const made = requestOf(address, { ...admin, csrf: shown })
    return { ...made, headers: { ...made.headers, ...headers } }
  }
}

function requestOf(address: Address, visitor: Visitor): Asked {
  return asked(
    address,
    fill(address.path, () => '00000000-0000-4000-8000-000000000000'),
    visitor,
    'as its page',
  )
}

const FORGERIES: Record<string, Forge> = {
  'no token': withHeaders('none', {}),
  'a wrong token': withHeaders('wrong', {}),
  'no token, from our own origin': (address, admin) =>
    withHeaders('none', { 'Sec-Fetch-Site': 'same-origin' })(address, admin),
  'from another site': withHeaders('right', { 'Sec-Fetch-Site': 'cross-site' }),
  'from a neighbour': withHeaders('right', { 'Sec-Fetch-Site': 'same-site' }),
  'a foreign origin': withHeaders('right', { Origin: 'https://evil.example' }),
  'no origin at all': withHeaders('right', { Origin: 'null' }),
  'JSON as text': (address, admin) => {
    const made = requestOf(address, { ...admin, csrf: null })
    return { ...made, headers: { ...made.headers, 'Content-Type': 'text/plain' }, body: '{"a":"="}' }
  },
  'JSON as a form': (address, admin) => {
    const made = requestOf(address, { ...admin, csrf: null })
    return {
      ...made,
      headers: { ...made.headers, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: '{"a":1}=',
    }
  },
}
