import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import { openS3Store, type S3StoreOptions } from '../../src/storage/s3-store.ts'
import { at, optionsOf, PDF, put, read } from '../support/object-stores.ts'
import { type S3TestServer, startS3rver } from '../support/s3.ts'

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

  test('a folder that cannot be made says what to fix', async () => {
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

  test('a bucket that is missing and a key that is wrong are named, with what to fix', async () => {
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

  test('an abort cuts the request in progress, so that it cannot be finished behind our back', async () => {
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
  ])('status %i is kept apart', async (status, code, expected) => {
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
