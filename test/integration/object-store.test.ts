import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import type { ObjectStore, StoredObject } from '../../src/storage/object-store.ts'
import { openS3Store, type S3StoreOptions } from '../../src/storage/s3-store.ts'
import { type S3TestServer, startFauxqsStore, startS3rver } from '../support/s3.ts'

const MB = 1024 * 1024
const PDF = { mediaType: 'application/pdf' }
const SIGNED = 'net revenue: 8,300,065.81'

type Place = { store: ObjectStore; stop(): Promise<void> }

/** Where a rule can be shown. What a test server cannot show is pinned below under "what the test servers cannot show". */
type Subject = { name: string; start: () => Promise<Place>; lists: boolean; signs: boolean }

const subjects: Subject[] = [
  { name: 'a folder', start: startFolder, lists: true, signs: false },
  { name: 's3rver', start: () => startS3(startS3rver), lists: false, signs: true },
  { name: 'fauxqs', start: () => startS3(startFauxqsStore), lists: true, signs: false },
]

const places = new Map<string, Place>()
beforeAll(async () => {
  for (const { name, start } of subjects) places.set(name, await start())
})
afterAll(async () => {
  for (const place of places.values()) await place.stop()
})

/** The place of a subject, once it is started. */
function at(name: string): Place {
  const place = places.get(name)
  if (!place) throw new Error(`${name} was not started`)
  return place
}

describe.each(subjects)('objects in $name', ({ name }) => {
  test('a body that breaks before anybody reads it says so to whoever reads it then, and harms nobody else', async () => {
    await at(name).store.put('early/one', chunked(noise(100)), PDF)
    const { body } = await at(name).store.get('early/one')
    body.destroy(new Error('it broke'))
    await delay(20)
    await expect(buffer(body)).rejects.toThrow('it broke')
  })

  test('what comes out is what went in, 12 MB of it, and its size and SHA-256 are told', async () => {
    const content = noise(12 * MB + 1)
    const stored = await at(name).store.put('executions/1/revenue.pdf', chunked(content), PDF)
    expect(stored).toEqual({ key: 'executions/1/revenue.pdf', sizeBytes: 12 * MB + 1, sha256: sha256(content) })
    const found = await read(name, 'executions/1/revenue.pdf')
    expect([found.sizeBytes, sha256(found.content)]).toEqual([12 * MB + 1, sha256(content)])
  })

  test('an empty object, and keys with spaces, marks and other scripts, are objects like any other', async () => {
    const stored = await put(name, 'odd/empty', '')
    expect(stored).toEqual({ key: 'odd/empty', sizeBytes: 0, sha256: sha256(Buffer.alloc(0)) })
    expect(await read(name, 'odd/empty')).toEqual({ content: Buffer.alloc(0), sizeBytes: 0 })
    const key = "odd/Ümsatz 100 % + 'x' & 収益 (1).pdf"
    await put(name, key, 'yes')
    expect(await read(name, key)).toEqual({ content: Buffer.from('yes'), sizeBytes: 3 })
  })

  test('the same key twice is one object, the later', async () => {
    await put(name, 'twice/a', 'first, longer')
    await put(name, 'twice/a', 'second')
    expect(await read(name, 'twice/a')).toEqual({ content: Buffer.from('second'), sizeBytes: 6 })
  })

  test('what is not there is named so, and deleting it is no error', async () => {
    expect(await isMissing(name, 'nothing/here')).toBe(true)
    await put(name, 'gone/a', 'x')
    expect(await isMissing(name, 'gone')).toBe(true)
    expect(await isMissing(name, 'gone/a/b')).toBe(true)
    await at(name).store.delete('gone/a')
    expect(await isMissing(name, 'gone/a')).toBe(true)
    await at(name).store.delete('gone/a')
    await at(name).store.delete('never/was')
  })

  test('a key that leads out is refused by every verb, and nothing is read of the source', async () => {
    const { store } = at(name)
    for (const key of ['../out', 'a/../../out', '/etc/passwd', 'a\0b', '.partial/x', '']) {
      const refused = { name: 'InputError', code: 'object-key', status: 400 }
      const source = Readable.from([Buffer.from('x')])
      await expect(store.put(key, source, PDF)).rejects.toMatchObject(refused)
      expect([source.destroyed, source.readableDidRead]).toEqual([true, false])
      await expect(store.get(key)).rejects.toMatchObject(refused)
      await expect(store.delete(key)).rejects.toMatchObject(refused)
    }
    await expect(Array.fromAsync(store.list('../'))).rejects.toMatchObject({ code: 'object-key' })
  })

  test('a store that works passes its own check', async () => {
    await expect(at(name).store.check()).resolves.toBeUndefined()
  })
})

describe.each(subjects)('writes to $name that do not end well', ({ name }) => {
  test.each([1, 20])(
    'a source that fails after %i MB leaves nothing visible, and its own error is told',
    async (megabytes) => {
      const failure = new Error('the renderer broke')
      const body = Readable.from(failing(megabytes, failure))
      await expect(at(name).store.put('failing/a', body, PDF)).rejects.toBe(failure)
      expect(await isMissing(name, 'failing/a')).toBe(true)
      expect(body.destroyed).toBe(true)
    },
  )

  test('a source that had failed before, or is destroyed before its end, leaves nothing visible', async () => {
    const failure = new Error('the renderer broke at once')
    const broken = new Readable({ read() {} })
    broken.destroy(failure)
    await expect(at(name).store.put('failing/b', broken, PDF)).rejects.toBe(failure)
    const cut = new Readable({ read() {} })
    cut.push(Buffer.alloc(MB))
    setTimeout(() => cut.destroy(), 20)
    await expect(at(name).store.put('failing/b', cut, PDF)).rejects.toMatchObject({
      code: 'ERR_STREAM_PREMATURE_CLOSE',
    })
    expect(await isMissing(name, 'failing/b')).toBe(true)
  })

  test.each([1, 20])('an abort after %i MB leaves nothing visible and throws its reason', async (megabytes) => {
    const stop = new AbortController()
    const reason = new Error('the deadline has passed')
    const body = Readable.from(stalling(megabytes, () => setTimeout(() => stop.abort(reason), 20)))
    await expect(at(name).store.put('aborted/a', body, { ...PDF, signal: stop.signal })).rejects.toBe(reason)
    expect(await isMissing(name, 'aborted/a')).toBe(true)
    expect(body.destroyed).toBe(true)
  })

  test('a signal that has fired already stops the write before it begins', async () => {
    const signal = AbortSignal.abort(new Error('stopped'))
    await expect(at(name).store.put('aborted/b', Readable.from(['x']), { ...PDF, signal })).rejects.toThrow('stopped')
    expect(await isMissing(name, 'aborted/b')).toBe(true)
  })

  test('a failed write over an object leaves the object as it was', async () => {
    await put(name, 'kept/a', 'old')
    const body = Readable.from(failing(20, new Error('broke')))
    await expect(at(name).store.put('kept/a', body, PDF)).rejects.toThrow('broke')
    expect(await read(name, 'kept/a')).toEqual({ content: Buffer.from('old'), sizeBytes: 3 })
  })
})

test('failed and aborted writes to a folder leave nothing behind', async () => {
  const root = await mkdtemp(join(tmpdir(), 'daybreak-store-'))
  await failInParts(openFolderStore(root))
  expect(await readdir(join(root, '.partial'))).toEqual([])
  await rm(root, { recursive: true })
})

test('failed and aborted writes to S3 give their parts back: fauxqs deletes no bucket that still holds some', async () => {
  const server = await startFauxqsStore()
  const client = clientOf(server)
  const deleteBucket = new DeleteBucketCommand({ Bucket: server.bucket })
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: server.bucket, Key: 'left' }))
  await expect(client.send(deleteBucket)).rejects.toMatchObject({ name: 'BucketNotEmpty' })
  await client.send(new AbortMultipartUploadCommand({ Bucket: server.bucket, Key: 'left', UploadId }))
  await failInParts(openS3Store(optionsOf(server)))
  await expect(client.send(deleteBucket)).resolves.toMatchObject({ $metadata: { httpStatusCode: 204 } })
  await server.stop()
})

describe.each(subjects.filter(({ lists }) => lists))('the list of $name', ({ name }) => {
  test('keys come by prefix, complete beyond a page of 1,000, however they were written', async () => {
    const keys = Array.from({ length: 1005 }, (_, index) => `many/${String(index).padStart(5, '0')}`)
    await inParallel(20, keys.toReversed(), (key) => put(name, key, 'x'))
    expect(await Array.fromAsync(at(name).store.list('many/'))).toEqual(keys)
    expect(await Array.fromAsync(at(name).store.list('many/0001'))).toEqual(keys.slice(10, 20))
    expect(await Array.fromAsync(at(name).store.list('none/'))).toEqual([])
  })

  test('keys come in the order of their bytes, folders or not', async () => {
    const keys = ['o/a b/1', 'o/a.txt', 'o/a/x', 'o/a/y/z', 'o/a0', 'o/b']
    for (const key of keys.toReversed()) await put(name, key, 'x')
    expect(await Array.fromAsync(at(name).store.list('o/'))).toEqual(keys)
    expect(await Array.fromAsync(at(name).store.list('o/a'))).toEqual(keys.slice(0, 5))
  })
})

describe.each(subjects.filter(({ signs }) => signs))('signed addresses of $name', ({ name }) => {
  test('the address serves the object without a key, to be saved under the name that was asked for', async () => {
    const reply = await fetch(await link(name, 60))
    const { status, headers } = reply
    expect([status, headers.get('content-type'), headers.get('content-disposition'), await reply.text()]).toEqual([
      200,
      'application/pdf',
      'attachment; filename="revenue 2011-11.pdf"',
      SIGNED,
    ])
  })

  test('a changed address and one past its time are refused', async () => {
    const url = await link(name, 1)
    expect((await fetch(url.replace('a.pdf', 'b.pdf'))).status).toBe(403)
    expect((await fetch(url.replace(/(X-Amz-Signature=)..../, '$10000'))).status).toBe(403)
    await delay(2100)
    expect((await fetch(url)).status).toBe(403)
  })

  test('an address that would live longer than S3 allows is refused, not cut', async () => {
    await expect(link(name, 8 * 24 * 3600)).rejects.toMatchObject({ name: 'InputError', code: 'link-ttl' })
  })
})

describe('what the test servers cannot show, so that these rules rest on the others', () => {
  test('a folder has no address to sign', async () => {
    expect(await at('a folder').store.presign('a.pdf', { fileName: 'a.pdf', ttlSeconds: 60 })).toBeNull()
  })

  test('s3rver signs a bucket without the slash that clients send, so it refuses every list', async () => {
    await expect(Array.fromAsync(at('s3rver').store.list(''))).rejects.toMatchObject({ code: 'storage-refused' })
  })

  test('s3rver cannot abort an upload in parts, so it keeps the parts of failed ones', async () => {
    const server = await startS3rver()
    const abort = new AbortMultipartUploadCommand({ Bucket: server.bucket, Key: 'left', UploadId: 'any' })
    await expect(clientOf(server).send(abort)).rejects.toMatchObject({ name: 'MethodNotAllowed' })
    await server.stop()
  })

  test('fauxqs takes any signature at any time and ignores the name that was asked for', async () => {
    const reply = await fetch((await link('fauxqs', 1)).replace(/(X-Amz-Signature=)..../, '$10000'))
    expect([reply.status, reply.headers.get('content-disposition'), await reply.text()]).toEqual([200, null, SIGNED])
  })
})

describe('a folder', () => {
  test('files that writers left more than a day ago are swept when it is opened, younger ones stay', async () => {
    const root = await mkdtemp(join(tmpdir(), 'daybreak-store-'))
    await mkdir(join(root, '.partial'))
    await writeFile(join(root, '.partial', 'old'), 'x')
    await writeFile(join(root, '.partial', 'young'), 'x')
    const yesterday = (await stat(join(root, '.partial', 'young'))).mtimeMs / 1000 - 25 * 3600
    await utimes(join(root, '.partial', 'old'), yesterday, yesterday)
    openFolderStore(root)
    expect(await readdir(join(root, '.partial'))).toEqual(['young'])
    await rm(root, { recursive: true })
  })

  test('a writer killed in the middle leaves nothing visible', async () => {
    const root = await mkdtemp(join(tmpdir(), 'daybreak-store-'))
    const writer = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      ENDLESS_WRITER,
      resolve('src/storage/folder-store.ts'),
      root,
    ])
    await once(writer.stdout, 'data')
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    expect(await readdir(join(root, '.partial'))).toHaveLength(1)
    const store = openFolderStore(root)
    expect(await Array.fromAsync(store.list(''))).toEqual([])
    await expect(store.get('executions/1/endless.pdf')).rejects.toMatchObject({ code: 'object-missing' })
    await rm(root, { recursive: true })
  })

  test('keys beyond the basic plane come last, as the bytes of UTF-8 have it and UTF-16 has not', async () => {
    for (const key of ['utf/\u{1f600}', 'utf/\u{ff5a}', 'utf/z']) await put('a folder', key, 'x')
    const keys = await Array.fromAsync(at('a folder').store.list('utf/'))
    expect(keys).toEqual(['utf/z', 'utf/\u{ff5a}', 'utf/\u{1f600}'])
  })

  test('writers of one key at once leave one of their contents, whole', async () => {
    const contents = Array.from({ length: 12 }, (_, index) => String(index).repeat(200_000))
    await Promise.all(contents.map((content) => put('a folder', 'race/a', content)))
    expect(contents).toContain((await read('a folder', 'race/a')).content.toString())
  })

  test('a delete that empties a folder breaks no write into it', async () => {
    const lane = async (key: string) => {
      for (let round = 0; round < 150; round += 1) {
        await put('a folder', key, 'x')
        await at('a folder').store.delete(key)
      }
    }
    await Promise.all(['emptied/again/a', 'emptied/again/b', 'emptied/again/c', 'emptied/again/d'].map(lane))
    expect(await Array.fromAsync(at('a folder').store.list('emptied/'))).toEqual([])
  })

  test('a key below another object is refused, as a folder cannot hold both', async () => {
    await put('a folder', 'both/a', 'x')
    await expect(put('a folder', 'both/a/b', 'x')).rejects.toMatchObject({ name: 'InputError', code: 'object-key' })
    await put('a folder', 'both/c/d', 'x')
    await expect(put('a folder', 'both/c', 'x')).rejects.toMatchObject({ name: 'InputError', code: 'object-key' })
  })

  test('a folder that cannot be made says what to mend', async () => {
    const root = await mkdtemp(join(tmpdir(), 'daybreak-store-'))
    await writeFile(join(root, 'file'), '')
    expect(() => openFolderStore(join(root, 'file', 'objects'))).toThrow(
      /cannot store objects: ENOTDIR.*set DATA_DIR to another folder/s,
    )
    await rm(root, { recursive: true })
  })
})

describe('what S3 answers', () => {
  let s3rver: S3TestServer
  beforeAll(async () => {
    s3rver = await startS3rver()
  })
  afterAll(() => s3rver.stop())

  const wrong = (changes: Partial<S3StoreOptions>) => openS3Store({ ...optionsOf(s3rver), ...changes })

  test('a bucket that is missing and a key that is wrong are named, with what to mend', async () => {
    await expect(wrong({ bucket: 'no-such-bucket' }).check()).rejects.toMatchObject({
      code: 'bucket-missing',
      message: expect.stringMatching(/correct S3_BUCKET/),
    })
    await expect(wrong({ secretAccessKey: 'wrong' }).check()).rejects.toMatchObject({
      code: 'storage-refused',
      message: expect.stringMatching(/Check S3_ACCESS_KEY_ID/),
    })
  })

  test('a store that cannot be reached is worth another try and says where to look', async () => {
    const fault: unknown = await wrong({ endpoint: 'http://127.0.0.1:1' })
      .check()
      .catch((error: unknown) => error)
    expect(fault).toMatchObject({ name: 'Error', message: expect.stringMatching(/ECONNREFUSED.*Check S3_ENDPOINT/) })
  })

  test('an abort cuts the request under way, so that it cannot be finished behind our back', async () => {
    const stop = new AbortController()
    const cut = Promise.withResolvers<void>()
    const { endpoint, close } = await answering((request) => {
      request.once('close', cut.resolve)
      stop.abort(new Error('the deadline has passed'))
    })
    const put = wrong({ endpoint }).put('a', Readable.from(['x']), { ...PDF, signal: stop.signal })
    await expect(put).rejects.toThrow('the deadline has passed')
    await cut.promise
    close()
  })

  test('half a pair of keys is refused at once', () => {
    expect(() => wrong({ secretAccessKey: undefined })).toThrow(/set both or neither/)
  })

  test.each([
    [413, 'EntityTooLarge', { name: 'PermanentError', code: 'object-too-large' }],
    [403, 'AccessDenied', { name: 'PermanentError', code: 'storage-refused' }],
    [301, 'PermanentRedirect', { name: 'PermanentError', code: 'bucket-elsewhere' }],
    [503, 'SlowDown', { name: 'Error', message: expect.stringMatching(/answered 503 SlowDown/) }],
    [500, 'InternalError', { name: 'Error', message: expect.stringMatching(/answered 500 InternalError/) }],
  ])('status %i is told apart', async (status, code, expected) => {
    const { endpoint, close } = await answering((request, response) => {
      request.resume()
      request.on('end', () =>
        response.writeHead(status).end(`<Error><Code>${code}</Code><Message>no</Message></Error>`),
      )
    })
    await expect(wrong({ endpoint }).put('a', Readable.from(['x']), PDF)).rejects.toMatchObject(expected)
    close()
  })
})

/** Stands in for a renderer that never ends: writes for ever and says when the first bytes have gone out. */
const ENDLESS_WRITER = `
import { Readable } from 'node:stream'
const { openFolderStore } = await import(process.argv[1])
async function* endless() {
  for (let chunk = 0; chunk < 1e6; chunk += 1) {
    yield Buffer.alloc(65536)
    if (chunk === 4) console.log('writing')
    await new Promise((next) => setTimeout(next, 5))
  }
}
await openFolderStore(process.argv[2]).put('executions/1/endless.pdf', Readable.from(endless()), { mediaType: 'application/pdf' })
`

async function startFolder(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'daybreak-store-'))
  return { store: openFolderStore(root), stop: () => rm(root, { recursive: true, force: true }) }
}

async function startS3(start: () => Promise<S3TestServer>): Promise<Place> {
  const server = await start()
  return { store: openS3Store(optionsOf(server)), stop: () => server.stop() }
}

/** A client beside the store, to see what the store does not show. */
function clientOf({ endpoint, region, accessKeyId, secretAccessKey }: S3TestServer): S3Client {
  return new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true })
}

/** Two writes large enough for parts: one whose source fails, one that is aborted. */
async function failInParts(store: ObjectStore): Promise<void> {
  const broken = store.put('failing/c', Readable.from(failing(20, new Error('broke'))), PDF)
  await expect(broken).rejects.toThrow('broke')
  const stop = new AbortController()
  const body = Readable.from(stalling(20, () => setTimeout(() => stop.abort(new Error('late')), 20)))
  await expect(store.put('aborted/c', body, { ...PDF, signal: stop.signal })).rejects.toThrow('late')
}

function optionsOf({ endpoint, region, accessKeyId, secretAccessKey, bucket }: S3TestServer): S3StoreOptions {
  return { endpoint, region, accessKeyId, secretAccessKey, bucket, forcePathStyle: true, checksums: 'when_supported' }
}

/** An HTTP server in the place of S3, for answers that neither test server can be made to give. */
async function answering(answer: RequestListener): Promise<{ endpoint: string; close(): void }> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

function put(name: string, key: string, content: string): Promise<StoredObject> {
  return at(name).store.put(key, Readable.from(content === '' ? [] : [Buffer.from(content)]), PDF)
}

async function read(name: string, key: string): Promise<{ content: Buffer; sizeBytes: number }> {
  const { body, sizeBytes } = await at(name).store.get(key)
  return { content: await buffer(body), sizeBytes }
}

async function isMissing(name: string, key: string): Promise<boolean> {
  const fault: unknown = await at(name)
    .store.get(key)
    .catch((error: unknown) => error)
  return fault instanceof PermanentError && fault.code === 'object-missing'
}

/** A signed address of an object that says SIGNED. */
async function link(name: string, ttlSeconds: number): Promise<string> {
  await put(name, 'signed/a.pdf', SIGNED)
  const url = await at(name).store.presign('signed/a.pdf', { fileName: 'revenue 2011-11.pdf', ttlSeconds })
  if (url === null) throw new Error(`${name} gave no address`)
  return url
}

/** Bytes that look random and are the same in every run. */
function noise(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  let state = 1
  for (let at = 0; at < sizeBytes; at += 1) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    bytes[at] = state >> 16
  }
  return bytes
}

function chunked(content: Buffer): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < content.length; at += 100_000) yield content.subarray(at, at + 100_000)
    })(),
  )
}

async function* failing(megabytes: number, failure: Error): AsyncGenerator<Buffer> {
  for (let megabyte = 0; megabyte < megabytes; megabyte += 1) yield Buffer.alloc(MB, megabyte)
  throw failure
}

/** Gives so many megabytes, calls back, and then neither goes on nor ends. */
async function* stalling(megabytes: number, stalled: () => void): AsyncGenerator<Buffer> {
  for (let megabyte = 0; megabyte < megabytes; megabyte += 1) yield Buffer.alloc(MB, megabyte)
  stalled()
  await new Promise(() => {})
}

async function inParallel<T>(lanes: number, items: T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = [...items]
  const lane = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
