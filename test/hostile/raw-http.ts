import { defineFault, verdict } from '../faults/fault.ts'
import type { World } from '../faults/world.ts'
import { given } from '../support/given.ts'
import { checkLives, checkWorks, FAST } from './lives.ts'
import { holdSilence } from './silence.ts'
import { type Speech, speak } from './speak.ts'
import { OURS } from './visitors.ts'

const FINDS_SHOWN = 5
/** A second answer follows the first at once, if there is one. */
const LINGER_MS = 100

export const rawHttp = defineFault({
  name: 'raw-http',
  title:
    'requests that are no good HTTP: two lengths, bad chunks, odd lines, endless heads, pipelines, upgrades, bytes by chance, and silence',
  mark: 'each is answered once and below 500, or closed; none opens a second request; the process lives, and still does a run',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { noises: 50, silent: 100 },
  long: { noises: 2000, silent: 1000 },
  async run(world, { noises, silent }) {
    await given.client(world.db, { id: OURS })
    const node = await world.start('scheduler,worker,board', FAST)
    const finds: string[] = []
    const counts = { requests: 0, answered: 0, closed: 0 }
    const quiet = holdSilence(node.url(), silent)
    const cases = [...SHAPES, ...noisesOf(world, noises)]
    for (const { name, speech } of cases) {
      world.signal.throwIfAborted()
      const { statuses, end, text } = await speak(node.url(), speech)
      // The second request of a smuggled pair asks for something that only it asks for.
      const isSmuggled = text.includes('There is nothing at /smuggled')
      if (statuses.some((status) => status >= 500) || end === 'hung' || isSmuggled)
        finds.push(`${name}: ${statuses.join(' ')} ${end}${isSmuggled ? ', a second request came through' : ''}`)
      counts.requests += 1
      counts.answered += Number(end === 'answered')
      counts.closed += Number(end === 'closed')
      if (!node.isAlive()) break
    }
    await checkLives(world, node, 'requests that are no good HTTP')
    quiet.end()
    await checkWorks(world, node, 'all of them')
    return verdict({ ...counts, 'silent connections beside': silent, finds: finds.length }, [
      [finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')],
    ])
  },
})

const get = (path: string, ...lines: string[]) =>
  `GET ${path} HTTP/1.1\r\n${['Host: 127.0.0.1', ...lines].join('\r\n')}\r\n\r\n`
const post = (...lines: string[]) =>
  `POST /sign-out HTTP/1.1\r\n${['Host: 127.0.0.1', 'Content-Type: application/x-www-form-urlencoded', ...lines].join('\r\n')}\r\n\r\n`
const SECOND = get('/smuggled')

/** Each is what one server of a chain may read otherwise than the next. */
const SHAPES: { name: string; speech: Speech }[] = Object.entries({
  'a length and chunks': [post('Content-Length: 4', 'Transfer-Encoding: chunked'), `0\r\n\r\n${SECOND}`],
  'chunks twice': [post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'), `0\r\n\r\n${SECOND}`],
  'chunks with a blank': [post('Transfer-Encoding : chunked'), `0\r\n\r\n${SECOND}`],
  'chunks by another name': [post('Transfer-Encoding: xchunked'), `0\r\n\r\n${SECOND}`],
  'chunks after a tab': [post('Transfer-Encoding:\tchunked, x'), `0\r\n\r\n${SECOND}`],
  'two lengths': [post('Content-Length: 0', `Content-Length: ${SECOND.length}`), SECOND],
  'a length with a sign': [post('Content-Length: +0'), SECOND],
  'a negative length': [post('Content-Length: -1'), 'x'],
  'a length in hex': [post('Content-Length: 0x5'), 'csrf='],
  'a length beyond all': [post('Content-Length: 99999999999999999999'), 'x'],
  'a length of two': [post('Content-Length: 1, 2'), 'xx'],
  'a chunk of no size': [post('Transfer-Encoding: chunked'), 'zz\r\nab\r\n0\r\n\r\n'],
  'a chunk of negative size': [post('Transfer-Encoding: chunked'), '-1\r\nab\r\n0\r\n\r\n'],
  'a chunk beyond all': [post('Transfer-Encoding: chunked'), 'fffffffffffffffff\r\nab\r\n'],
  'a chunk longer than it says': [post('Transfer-Encoding: chunked'), `1\r\nabcd\r\n0\r\n\r\n${SECOND}`],
  'an endless chunk extension': [post('Transfer-Encoding: chunked'), `1;${'x'.repeat(100_000)}\r\na\r\n0\r\n\r\n`],
  'an endless trailer': [post('Transfer-Encoding: chunked'), `0\r\n${'X: y\r\n'.repeat(20_000)}\r\n`],
  'a folded line': [get('/livez', 'X: a\r\n b')],
  'a line without a colon': [get('/livez', 'nothing')],
  'a line with NUL': [get('/livez', 'X: a\0b')],
  'a line with a lone CR': [get('/livez', 'X: a\rY: b')],
  'lines that end in LF': ['GET /livez HTTP/1.1\nHost: 127.0.0.1\n\n'],
  'no Host': ['GET /livez HTTP/1.1\r\n\r\n'],
  'two Hosts': [get('/livez', 'Host: evil.example')],
  'an old version': ['GET /livez HTTP/0.9\r\n\r\n'],
  'a version that is none': ['GET /livez HTTP/9.9\r\nHost: x\r\n\r\n'],
  'a whole address': ['GET http://evil.example/livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
  'an address of two slashes': [get('//evil.example/')],
  'an address of dots': [get('/queues/static/../../../../etc/passwd')],
  'an address of packed dots': [get('/queues/static/%2e%2e/%2e%2e/%2e%2e/package.json')],
  'an address with NUL': [get('/runs/%00')],
  'an address that is no UTF-8': [get('/runs/%ff%c0')],
  'an address that cannot be decoded': [get('/runs/%zz')],
  'an endless address': [get(`/${'x'.repeat(100_000)}`)],
  'an endless query': [get(`/sign-in?${'a=b&'.repeat(3000)}`)],
  'a thousand headers': [get('/livez', ...Array.from({ length: 1000 }, (_, index) => `X-${index}: y`))],
  'an endless header': [get('/livez', `X: ${'y'.repeat(100_000)}`)],
  'a thousand cookies': [get('/', `Cookie: ${'daybreak-session=x; '.repeat(500)}`)],
  'an asterisk': ['OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
  'a tunnel': ['CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
  'a method that is none': ['HACK / HTTP/1.1\r\nHost: x\r\n\r\n'],
  'a trace': ['TRACE / HTTP/1.1\r\nHost: x\r\nCookie: secret=1\r\n\r\n'],
  'an upgrade to a socket': [get('/livez', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: x')],
  'an upgrade to HTTP/2': [get('/livez', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAA')],
  'HTTP/2 at once': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'TLS at once': ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000'],
  'an expectation': [post('Content-Length: 5', 'Expect: 100-continue'), 'csrf='],
  'an expectation that is none': [post('Content-Length: 5', 'Expect: miracles'), 'csrf='],
  'fifty at once': [get('/livez').repeat(50)],
  'ranges by the hundred': [get('/livez', `Range: bytes=${'0-1,'.repeat(500)}0-1`)],
}).map(([name, pieces]) => ({
  name,
  speech: { pieces, lingerMs: pieces.some((each) => each.endsWith(SECOND)) ? LINGER_MS : 0 },
}))

/** A good request in which some bytes are others. */
function noisesOf({ random }: World, count: number): { name: string; speech: Speech }[] {
  return Array.from({ length: count }, (_, index) => {
    const whole = random.pick([get('/sign-in?next=/runs'), `${post('Content-Length: 5')}csrf=`])
    const bytes = Buffer.from(whole, 'latin1')
    for (let change = random.integer(1, 8); change > 0; change -= 1)
      bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255)
    // Closed by us in the end: what lacks its last line would wait for it, as it should.
    return { name: `bytes by chance ${index}`, speech: { pieces: [bytes], cut: true, pauseMs: 3 } }
  })
}
