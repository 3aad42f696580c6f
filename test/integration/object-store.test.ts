import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { PermanentError } from '../../src/errors.ts'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'
import { openS3Store } from '../../src/storage/s3-store.ts'
import { at, optionsOf, PDF, put, read, subjects } from '../support/object-stores.ts'
import { type S3TestServer, startFauxqsStore, startS3rver } from '../support/s3.ts'

const MB = 1024 * 1024

const SIGNED = 'net revenue: 8,300,065.81'

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
