import type { Readable } from 'node:stream'

export type StoredObject = { key: string; sizeBytes: number; sha256: string }

/**
 * Where rendered files live. An object becomes visible whole or not at all; writing the same key twice keeps one
 * object.
 */
export type ObjectStore = {
  /**
   * Stores the stream under `key` and reports its size and SHA-256 (hex). On error or abort nothing becomes visible.
   */
  put(key: string, body: Readable, options: { mediaType: string; signal?: AbortSignal }): Promise<StoredObject>
  /** Opens an object for reading; throws PermanentError('object-missing') when there is none. */
  get(key: string): Promise<{ body: Readable; sizeBytes: number }>
  /** Deletes an object; deleting what is not there is no error. */
  delete(key: string): Promise<void>
  /** Every key that begins with `prefix`, in order. */
  list(prefix: string): AsyncIterable<string>
  /** A short-lived address that serves the object as a download, or null where the store has none (folder). */
  presign(key: string, options: { fileName: string; ttlSeconds: number }): Promise<string | null>
  /** Writes, reads and deletes a small object; throws with what to fix. */
  check(): Promise<void>
}
