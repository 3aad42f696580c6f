import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll } from 'vitest'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import type { ObjectStore, StoredObject } from '../../src/storage/object-store.ts'
import { openS3Store, type S3StoreOptions } from '../../src/storage/s3-store.ts'
import { type S3TestServer, startFauxqsStore, startS3rver } from './s3.ts'

/** The object stores there are: a folder, and two servers of S3. */

export const PDF = { mediaType: 'application/pdf' }

type Place = { store: ObjectStore; stop(): Promise<void> }

/**
 * Where a rule can be shown. What a test server cannot show is pinned below under "what the test servers cannot show".
 */
type Subject = { name: string; start: () => Promise<Place>; lists: boolean; signs: boolean }

export const subjects: Subject[] = [
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
export function at(name: string): Place {
  const place = places.get(name)
  if (!place) throw new Error(`${name} was not started`)
  return place
}

async function startFolder(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'daybreak-store-'))
  return { store: openFolderStore(root), stop: () => rm(root, { recursive: true, force: true }) }
}

async function startS3(start: () => Promise<S3TestServer>): Promise<Place> {
  const server = await start()
  return { store: openS3Store(optionsOf(server)), stop: () => server.stop() }
}

export function optionsOf({ endpoint, region, accessKeyId, secretAccessKey, bucket }: S3TestServer): S3StoreOptions {
  return { endpoint, region, accessKeyId, secretAccessKey, bucket, forcePathStyle: true, checksums: 'when_supported' }
}

export function put(name: string, key: string, content: string): Promise<StoredObject> {
  return at(name).store.put(key, Readable.from(content === '' ? [] : [Buffer.from(content)]), PDF)
}

export async function read(name: string, key: string): Promise<{ content: Buffer; sizeBytes: number }> {
  const { body, sizeBytes } = await at(name).store.get(key)
  return { content: await buffer(body), sizeBytes }
}
