import { defineFault, verdict } from '../faults/fault.ts'
import type { World } from '../faults/world.ts'
import { type Address, addresses, fill } from './addresses.ts'
import { type Answer, type Asked, askerOf, isBusy } from './ask.ts'
import { CANARY, openTwoTenants } from './their-rows.ts'
import { OURS, personOf, type Visitor } from './visitors.ts'

const FINDS_SHOWN = 8
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

export const fuzzPages = defineFault({
  name: 'fuzz-pages',
  title:
    'every page and form with hostile questions and fields: notice=constructor, next=//x, names twice, lists, NUL, no field at all, addresses of two slashes',
  mark: 'none answers with 5xx, none leads to another host, none says a word of the other tenant',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { queriesPerPage: 4 },
  long: { queriesPerPage: Number.POSITIVE_INFINITY },
  async run(world, { queriesPerPage }) {
    const board = await openTwoTenants(world)
    const place = { database: world.database, url: board.url() }
    const nobody: Visitor = { name: 'nobody', kind: 'nobody', role: null, clientId: null, headers: {}, csrf: null }
    const visitors = [nobody, await personOf(place, 'admin', OURS)]
    const ask = askerOf(board.url())
    const finds: string[] = []
    let requests = 0
    for (const visitor of visitors) {
      for (const asked of questionsOf(world, visitor, queriesPerPage)) {
        world.signal.throwIfAborted()
        requests += 1
        const found = faultOf(
          await ask({ ...asked, headers: { Accept: 'text/html', ...visitor.headers, ...asked.headers } }),
          board.url(),
        )
        if (found !== null)
          finds.push(`${asked.method ?? 'GET'} ${asked.path.slice(0, 120)} by ${visitor.name}: ${found}`)
      }
    }
    ask.close()
    return verdict({ requests, finds: finds.length }, [[finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')]])
  },
})

function faultOf(answer: Answer, url: string): string | null {
  const { status, headers, text } = answer
  if (status === 0 || (status >= 500 && !isBusy(answer))) return `${status} ${text.slice(0, 80)}`
  if (text.includes(CANARY)) return `a word of the other tenant, with ${status}`
  const location = headers['location']
  if (location === undefined) return null
  return isOurs(String(location), url) ? null : `leads to ${String(location)}`
}

/** As a browser reads it: `//x` and `/\x` are other hosts. */
function isOurs(location: string, url: string): boolean {
  return URL.canParse(location, url) && new URL(location, url).host === new URL(url).host && !/^\/[/\\]/.test(location)
}

function* questionsOf(world: World, visitor: Visitor, most: number): Generator<Asked> {
  for (const path of ODD_PATHS) yield { path }
  for (const address of addresses.filter(({ kind }) => kind === 'form')) {
    // It would end the session that the others need.
    if (address.path === '/sign-out' && visitor.kind === 'person') continue
    const list = address.method === 'GET' ? pageQuestions(address) : formQuestions(address, visitor)
    const drawn = list.map((asked) => ({ asked, at: world.random.unit() })).sort((a, b) => a.at - b.at)
    for (const { asked } of drawn.slice(0, most)) yield asked
  }
}

const ODD_PATHS = [
  '//',
  '//x',
  '///',
  '/\\x',
  '//evil.example/',
  '/runs//',
  '/%2f%2fx',
  '/%00',
  '/%zz',
  '/..%2f',
  '/runs/%ff',
]

const WORDS = [
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '//x',
  '/\\x',
  '//board/x',
  'https://evil.example',
  '',
]
const MORE = [
  '%00',
  '%ff',
  '%F0%9F%92%A5',
  'a%0d%0aX-Evil:1',
  '%3Cscript%3E',
  "'",
  'x'.repeat(3000),
  '-1',
  '1e99',
  '99999999999999999999',
  '0000-00-00',
]
/** What pages read, whichever of them does. */
const NAMES = [
  'notice',
  'next',
  'back',
  'cursor',
  'client',
  'clientId',
  'day',
  'night',
  'state',
  'job',
  'text',
  'report',
  'from',
  'to',
  'kind',
  'page',
]

function pageQuestions({ path }: Address): Asked[] {
  const filled = fill(path, () => 'constructor')
  const valid = fill(path, (name) => (/id$/i.test(name) ? '00000000-0000-4000-8000-000000000000' : 'none'))
  const pairs = NAMES.flatMap((name) => [...WORDS, ...MORE].map((value) => `${name}=${value}`))
  const twice = NAMES.flatMap((name) => [
    `${name}=a&${name}=b`,
    `${name}[]=a`,
    `${name}[__proto__]=a`,
    `${name}[a][b]=c`,
  ])
  const odd = ['__proto__=x', '__proto__[x]=y', 'constructor[prototype][x]=y', '&&&', '=', '=x', '%', 'a'.repeat(4000)]
  return [...pairs, ...twice, ...odd].map((query, index) => ({ path: `${index % 2 === 0 ? valid : filled}?${query}` }))
}

function formQuestions({ method, path }: Address, { csrf }: Visitor): Asked[] {
  const filled = fill(path, (name) => (/id$/i.test(name) ? '00000000-0000-4000-8000-000000000000' : 'none'))
  const token = `csrf=${encodeURIComponent(csrf ?? 'x')}`
  const bodies = [
    ...['', 'a', '=', '&', '%', `${token}&${token}`, 'csrf[]=a', 'csrf[__proto__]=a', `${token}&__proto__=x`, token],
    ...NAMES.flatMap((name) => [...WORDS, ...MORE].map((value) => `${token}&${name}=${value}`)),
    ...NAMES.flatMap((name) => [`${token}&${name}=a&${name}=b`, `${token}&${name}[a]=b`]),
  ]
  return bodies.map((body) => ({ method, path: filled, headers: FORM, body }))
}
