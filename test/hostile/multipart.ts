import type { Random } from '../../sample/random.ts'
import { defineFault, verdict } from '../faults/fault.ts'
import { given } from '../support/given.ts'
import { checkLives, checkWorks, FAST } from './lives.ts'
import { type Speech, speak } from './speak.ts'
import { keyOf, OURS, personOf, type Visitor } from './visitors.ts'

/** Connections of one batch; the program is looked at after each. */
const BATCH = 10
const FINDS_SHOWN = 5

type Mutant = { name: string; visitor: Visitor; speech: Speech }

export const multipart = defineFault({
  name: 'multipart',
  title:
    'uploads as forms that end early, name other parts, bring two files, break their headers or their boundary, or are cut off; by a key, and by a person with and without their token',
  mark: 'each is answered below 500, or closed when we cut it; the process lives, and still does a run',
  backends: ['postgres'],
  servers: 'shared',
  alone: false,
  short: { mutants: 150 },
  long: { mutants: 3000 },
  async run(world, { mutants }) {
    await given.client(world.db, { id: OURS })
    const node = await world.start('scheduler,worker,board', FAST)
    const place = { database: world.database, url: node.url() }
    const visitors = [await keyOf(place, 'ingest', OURS), await personOf(place, 'operator', OURS)]
    const finds: string[] = []
    let [answered, closed, cut] = [0, 0, 0]
    for (let from = 0; from < mutants; from += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, mutants - from) }, (_, index) =>
        mutantOf(world.random, visitors[(from + index) % visitors.length] as Visitor),
      )
      const spoken = await Promise.all(batch.map(({ speech }) => speak(node.url(), speech)))
      await checkLives(world, node, `one of ${[...new Set(batch.map(({ name }) => name))].join(', ')}`)
      for (const [index, { statuses, end }] of spoken.entries()) {
        if (statuses.some((status) => status >= 500) || end === 'hung')
          finds.push(`${batch[index]?.name}: ${statuses.join(' ')} ${end}`)
        answered += Number(end === 'answered')
        closed += Number(end === 'closed')
        cut += Number(end === 'cut')
      }
    }
    await checkWorks(world, node, 'all of them')
    return verdict({ mutants, answered, closed, 'cut by us': cut, finds: finds.length }, [
      [finds.length === 0, finds.slice(0, FINDS_SHOWN).join('; ')],
    ])
  },
})

/** A form with a file, whole: what mutants are made of. */
type Form = { boundary: string; parts: { head: string; content: string }[]; isEnded: boolean }

function mutantOf(random: Random, visitor: Visitor): Mutant {
  const name = random.pick(Object.keys(MUTATIONS))
  const form: Form = { boundary: 'B', isEnded: true, parts: [filePart('file', 'a.csv', 'id\r\n1\r\n')] }
  if (random.chance(0.3)) form.parts.unshift(field('dryRun', 'true'))
  if (visitor.csrf !== null && random.chance(0.5)) form.parts.unshift(field('csrf', visitor.csrf))
  const announced = MUTATIONS[name]?.(form, random)
  const body = Buffer.from(bodyOf(form), 'latin1')
  return { name: `${name} by ${visitor.name}`, visitor, speech: requestOf({ visitor, random, body, announced }) }
}

/** Each changes a whole form for the worse; may say another Content-Type than the form's, or how the body is cut. */
const MUTATIONS: Record<string, (form: Form, random: Random) => Announced> = {
  'no closing boundary': (form) => {
    form.isEnded = false
  },
  'an end in the middle': () => ({ keep: 'some' }),
  'a connection cut': () => ({ keep: 'some', cut: true }),
  'a file under another name, without its end': (form, random) => {
    form.parts = [filePart(random.pick(['datei', '', '__proto__', 'file[]', 'x'.repeat(2000)]), 'a.csv', 'id\r\n')]
    form.isEnded = false
  },
  'a file under another name': (form) => {
    form.parts = [filePart('constructor', 'a.csv', 'id\r\n')]
  },
  'two files, the second without its end': (form) => {
    form.parts.push(filePart('file', 'b.csv', 'id\r\n'))
    form.isEnded = false
  },
  'a hundred files': (form) => {
    form.parts.push(...Array.from({ length: 100 }, () => filePart('file', 'b.csv', 'id\r\n')))
  },
  'a thousand fields': (form) => {
    form.parts.unshift(...Array.from({ length: 1000 }, (_, index) => field(`f${index}`, 'x')))
  },
  'a field without end': (form) => {
    form.parts = [field('mapping', 'x'.repeat(3 << 20))]
    form.isEnded = false
  },
  'a broken head': (form, random) => {
    const heads = [
      'Content-Disposition',
      ': x',
      'Content-Disposition: form-data; name="file"; filename="',
      '\0\0\0',
      '',
    ]
    form.parts = [{ head: random.pick(heads), content: 'id\r\n' }]
    form.isEnded = random.chance(0.5)
  },
  'a head without end': (form) => {
    form.parts = [{ head: `X: ${'a: b\r\n'.repeat(20_000)}`, content: '' }]
    form.isEnded = false
  },
  'another boundary': () => ({ type: 'multipart/form-data; boundary=C' }),
  'no boundary': () => ({ type: 'multipart/form-data' }),
  'an endless boundary': () => ({ type: `multipart/form-data; boundary=${'C'.repeat(5000)}` }),
  'an odd name of the file': (form, random) => {
    const names = ['../../etc/passwd', 'a\0b.csv', '\u202Evsc.exe', '=cmd()|x', 'C:\\con', '%00', '']
    form.parts = [filePart('file', random.pick(names), 'id\r\n1\r\n')]
    form.isEnded = random.chance(0.5)
  },
  'an encoding that is none': (form, random) => {
    const head = `${filePart('file', 'a.csv', '').head}\r\nContent-Transfer-Encoding: ${random.pick(['base64', 'x', '8bit'])}`
    form.parts = [
      {
        head: `${head}\r\nContent-Type: text/plain; charset=${random.pick(['utf-7', '?', 'x'.repeat(500)])}`,
        content: '%%%',
      },
    ]
    form.isEnded = random.chance(0.5)
  },
  'bytes by chance': (form, random) => {
    form.parts = [filePart('file', 'a.csv', noise(random, 300))]
    form.isEnded = random.chance(0.5)
  },
  'one byte changed': () => ({ flip: true }),
}

type Announced = { type?: string; keep?: 'some'; cut?: boolean; flip?: boolean } | void

function field(name: string, content: string) {
  return { head: `Content-Disposition: form-data; name="${name}"`, content }
}

function filePart(name: string, fileName: string, content: string) {
  return { head: `Content-Disposition: form-data; name="${name}"; filename="${fileName}"`, content }
}

function bodyOf({ boundary, parts, isEnded }: Form): string {
  const written = parts.map(({ head, content }) => `--${boundary}\r\n${head}\r\n\r\n${content}\r\n`).join('')
  return isEnded ? `${written}--${boundary}--\r\n` : written
}

function noise(random: Random, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(random.integer(0, 255))).join('')
}

type Made = { visitor: Visitor; random: Random; body: Buffer; announced: Announced }

function requestOf({ visitor, random, body, announced }: Made): Speech {
  const { type = 'multipart/form-data; boundary=B', keep, cut = false, flip = false } = announced ?? {}
  const kept = keep === undefined ? body : body.subarray(0, random.integer(1, body.length - 1))
  if (flip) kept[random.integer(0, kept.length - 1)] = random.integer(0, 255)
  const kind = random.pick(['?kind=payments', '?kind=interactions', '?kind=none', '?kind=payments&dryRun=true', ''])
  const path = visitor.kind === 'person' ? random.pick(['/imports', '/api/imports']) : '/api/imports'
  const isChunked = random.chance(0.2)
  // Cut means: more was announced than ever comes.
  const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${cut ? body.length : kept.length}`
  const headers = Object.entries(visitor.headers).map(([name, value]) => `${name}: ${value}`)
  const head = [`POST ${path}${kind} HTTP/1.1`, 'Host: 127.0.0.1', `Content-Type: ${type}`, length, ...headers]
  const sent = isChunked ? [`${kept.length.toString(16)}\r\n`, kept, cut ? '\r\n' : '\r\n0\r\n\r\n'] : [kept]
  return { pieces: [`${head.join('\r\n')}\r\n\r\n`, ...sent], cut, pauseMs: random.chance(0.3) ? 5 : 0 }
}
