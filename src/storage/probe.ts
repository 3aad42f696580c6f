import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { PermanentError } from '../errors.ts'
import type { ObjectStore } from './object-store.ts'

/** Writes a small object, reads it back, deletes it and sees that it is gone; throws what the store throws. */
export async function probe(store: Omit<ObjectStore, 'check'>): Promise<void> {
  const key = `probe/${randomUUID()}.txt`
  await store.put(key, Readable.from([Buffer.from(key)]), { mediaType: 'text/plain' })
  try {
    const { body } = await store.get(key)
    const content = await text(body)
    if (content !== key)
      throw new Error(`What was stored as ${key} came back as ${JSON.stringify(content.slice(0, 100))}`)
  } finally {
    await store.delete(key)
  }
  await expectMissing(store, key)
}

/** S3 says "missing" only to those who may list; to others it says "refused", which would be taken for a wrong key. */
async function expectMissing(store: Omit<ObjectStore, 'check'>, key: string): Promise<void> {
  const found = await store.get(key).catch((error: unknown) => {
    if (error instanceof PermanentError && error.code === 'object-missing') return null
    throw error
  })
  if (!found) return
  found.body.destroy()
  throw new Error(`${key} is still there after it was deleted`)
}
