import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { sql } from 'kysely'
import { PermanentError } from '../../src/errors.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { openS3Store } from '../../src/storage/s3-store.ts'
import { defineFault, verdict } from './fault.ts'
import { type StoreBehaviour, type StoreRequest, startMisbehavingStore } from './misbehaving-store.ts'
import { countReports, makeReports, openRuns, planNightly } from './report-world.ts'
import type { World } from './world.ts'

type Size = { reports: number; slowMs: number; largeMb: number; settleMs: number }

/** One in so many reports can never be stored. */
const HOPELESS_EVERY = 6
/** How often one request is made by itself. */
const REQUEST_TRIES = 4
const MB = 1024 * 1024

export const storeAnswers = defineFault<Size>({
  name: 'store-answers',
  title: 'S3 500, slow, cut in the middle of an upload, its answer lost; single uploads and multipart',
  mark: 'retried with a cap, each object once, no half object visible; what cannot be stored fails and says so',
  backends: ['postgres', 'redis'],
  servers: 'shared',
  alone: false,
  short: { reports: 6, slowMs: 1_000, largeMb: 20, settleMs: 150_000 },
  long: { reports: 96, slowMs: 3_000, largeMb: 90, settleMs: 400_000 },
  async run(world, { reports, slowMs, largeMb, settleMs }) {
    const requests = await makeReports(world, reports, () => ['csv', 'json', 'html'])
    const store = await startMisbehavingStore(world.settings['S3_ENDPOINT'] ?? '', (asked) => misbehave(asked, slowMs))
    const watch = watchObjects(world)
    try {
      await world.start('scheduler,worker', { S3_ENDPOINT: store.endpoint })
      await planNightly(world, requests)
      const large = await putLarge(world, openStore(world, store.endpoint), largeMb)
      await world.until('every run has ended', settleMs, async () => (await openRuns(world)) === 0)
      const { looks, changed } = await watch.stop()
      return await judge(world, { reports, large, looks, changed, misbehaved: store.misbehaved })
    } finally {
      await watch.stop()
      await store.stop()
    }
  },
})

/**
 * By whose object it is, and by how often it was tried. `nth` starts again with every attempt of a run, whose objects
 * have names of their own.
 */
function misbehave({ method, path, query, nth }: StoreRequest, slowMs: number): StoreBehaviour {
  if (method !== 'PUT' && method !== 'POST') return { kind: 'pass' }
  const part = Number(query.get('partNumber') ?? 0)
  if (path.includes('/large/')) return misbehaveLarge(path, method, part, nth)
  const [, client, attempt] = /\/client-(\d+)\/[^/]+\/(\d+)\//.exec(path) ?? []
  if (client === undefined) return { kind: 'pass' }
  switch (Number(client) % HOPELESS_EVERY) {
    case 1:
      return nth < REQUEST_TRIES ? { kind: 'fail', status: 500 } : { kind: 'pass' }
    case 2:
      return { kind: 'slow', ms: slowMs }
    case 3:
      return nth === 1 ? { kind: 'cut' } : { kind: 'pass' }
    case 4:
      // The run needs another attempt, and gets its answer lost there.
      if (attempt === '1') return { kind: 'fail', status: 503 }
      return nth === 1 ? { kind: 'no-answer' } : { kind: 'pass' }
    case 5:
      return { kind: 'fail', status: 500 }
    default:
      return { kind: 'pass' }
  }
}

function misbehaveLarge(path: string, method: string, part: number, nth: number): StoreBehaviour {
  if (path.endsWith('failing-once'))
    return part === 2 && nth < REQUEST_TRIES ? { kind: 'fail', status: 500 } : { kind: 'pass' }
  if (path.endsWith('cut-once')) return part === 2 && nth === 1 ? { kind: 'cut' } : { kind: 'pass' }
  if (path.endsWith('cut-always')) return part === 2 ? { kind: 'cut' } : { kind: 'pass' }
  if (path.endsWith('answer-lost'))
    return method === 'PUT' && part === 1 && nth === 1 ? { kind: 'no-answer' } : { kind: 'pass' }
  return { kind: 'pass' }
}

function openStore({ settings }: World, endpoint: string): ObjectStore {
  return openS3Store({
    bucket: settings['S3_BUCKET'] ?? '',
    endpoint,
    region: settings['S3_REGION'] ?? '',
    accessKeyId: settings['S3_ACCESS_KEY_ID'],
    secretAccessKey: settings['S3_SECRET_ACCESS_KEY'],
    forcePathStyle: true,
    checksums: 'when_supported',
  })
}

type Large = { name: string; ended: 'stored' | 'given up' | 'refused for good'; isWhole: boolean; isVisible: boolean }

/** Objects in several parts, put as a report is. */
async function putLarge({ store: real }: World, store: ObjectStore, sizeMb: number): Promise<Large[]> {
  const bytes = randomBytes(sizeMb * MB)
  const names = ['failing-once', 'cut-once', 'cut-always', 'answer-lost']
  const found: Large[] = []
  for (const name of names) {
    const key = `large/${name}`
    const chunks = Readable.from(pieces(bytes))
    const ended = await store.put(key, chunks, { mediaType: 'application/octet-stream' }).then(
      () => 'stored' as const,
      (error: unknown) => (error instanceof PermanentError ? ('refused for good' as const) : ('given up' as const)),
    )
    const there = await real.get(key).then(
      ({ body }) => buffer(body),
      () => null,
    )
    found.push({ name, ended, isVisible: there !== null, isWhole: there?.equals(bytes) ?? false })
    await real.delete(key)
  }
  return found
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += MB) yield bytes.subarray(at, at + MB)
}

/** Reads every object that can be seen, all the while. An object that is seen with two contents was half once. */
function watchObjects({ store, signal }: World) {
  const contents = new Map<string, string>()
  const changed = new Set<string>()
  const stop = new AbortController()
  let looks = 0
  const watching = (async () => {
    while (!stop.signal.aborted && !signal.aborted) {
      for await (const key of store.list('')) {
        // It may be deleted between the two.
        const there = await store.get(key).catch(() => null)
        if (there === null) continue
        const sha256 = createHash('sha256')
          .update(await buffer(there.body))
          .digest('hex')
        if ((contents.get(key) ?? sha256) !== sha256) changed.add(key)
        contents.set(key, sha256)
        looks += 1
      }
      await new Promise((done) => setTimeout(done, 20))
    }
  })()
  return {
    async stop() {
      stop.abort()
      await watching
      return { looks, changed: [...changed] }
    },
  }
}

type Found = {
  reports: number
  large: Large[]
  looks: number
  changed: string[]
  misbehaved: Map<StoreBehaviour['kind'], number>
}

async function judge(world: World, { reports, large, looks, changed, misbehaved }: Found) {
  const { rows: runs } = await sql<{ client: string; state: string; message: string | null; shown: string | null }>`
    select r.client_id as client, r.state, r.error_message as message, e.error_message as shown
    from runs r left join executions e on e.id = r.id where r.job = 'render-report'`.execute(world.db)
  const isHopeless = (client: string) => Number(client.slice('client-'.length)) % HOPELESS_EVERY === HOPELESS_EVERY - 1
  const hopeless = runs.filter(({ client }) => isHopeless(client))
  const unsaid = hopeless.filter(
    ({ state, message, shown }) => state !== 'failed' || message !== shown || !/answered 500/.test(message ?? ''),
  )
  const failed = runs.filter(({ client, state }) => !isHopeless(client) && state !== 'succeeded')
  const count = await countReports(world)
  const wrong = large.filter(({ name, ended, isWhole, isVisible }) =>
    name === 'cut-always' ? ended !== 'given up' || isVisible : ended !== 'stored' || !isWhole,
  )
  const kinds = ['fail', 'slow', 'cut', 'no-answer'] as const
  return verdict(
    {
      reports,
      requests: kinds.map((kind) => `${misbehaved.get(kind) ?? 0} ${kind}`).join(' / '),
      'failed with the reason': hopeless.length - unsaid.length,
      mails: count.mails,
      'objects read meanwhile': looks,
      'seen half': changed.length + count.half.length,
      'objects too many or too few': count.notOnce.length,
      'in parts': large.map(({ name, ended }) => `${name} ${ended}`).join(', '),
    },
    [
      [
        failed.length === 0,
        `failed: ${failed
          .slice(0, 3)
          .map(({ message }) => message)
          .join('; ')}`,
      ],
      [
        hopeless.length > 0 && unsaid.length === 0,
        `not said: ${unsaid
          .slice(0, 3)
          .map((run) => JSON.stringify(run))
          .join('; ')}`,
      ],
      [count.mails === reports - hopeless.length, `${count.mails} mails for ${reports - hopeless.length} reports`],
      [count.mailedTwice.length === 0, `mailed twice: ${count.mailedTwice.join(', ')}`],
      [count.notOnce.length === 0, `not one object: ${count.notOnce.slice(0, 5).join('; ')}`],
      [changed.length === 0 && count.half.length === 0, `half: ${[...changed, ...count.half].slice(0, 5).join('; ')}`],
      [wrong.length === 0, `in parts: ${wrong.map((one) => JSON.stringify(one)).join('; ')}`],
      [looks > 0 && kinds.every((kind) => misbehaved.has(kind)), 'not every kind of misbehaviour was met'],
    ],
  )
}
