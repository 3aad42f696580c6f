import { PermanentError } from '../../errors.ts'
import { attachmentDisposition } from '../../storage/content-disposition.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { type Answer, raw } from './endpoint.ts'
import { HttpError } from './problem.ts'

/** Where the bytes of a file are. */
export type StoredFile = { objectKey: string; fileName: string; mediaType: string; sizeBytes: number }

/** A link to the store is followed at once or never. */
const PRESIGNED_SECONDS = 60

/** A report opened in the browser runs nothing and reaches nothing: its styles and pictures are inside it. */
const SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"

/** Hands out a stored file, from the store itself where it can. Throws HttpError `file-missing`. */
export async function sendFile(
  storage: ObjectStore,
  file: StoredFile,
  show: 'download' | 'inline',
): Promise<Answer<never>> {
  if (show === 'download') {
    const location = await storage.presign(file.objectKey, { fileName: file.fileName, ttlSeconds: PRESIGNED_SECONDS })
    if (location !== null) return { kind: 'redirect', location }
  }
  const { body, sizeBytes } = await storage.get(file.objectKey).catch((error: unknown) => {
    if (!(error instanceof PermanentError) || error.code !== 'object-missing') throw error
    throw new HttpError('file-missing', `${file.fileName} was deleted from the store.`, { cause: error })
  })
  const disposition = attachmentDisposition(file.fileName)
  return raw(file.mediaType, body, {
    'Content-Length': String(sizeBytes),
    'Content-Disposition': show === 'inline' ? disposition.replace(/^attachment/, 'inline') : disposition,
    // Chromium's PDF viewer does not work in a sandbox, and a PDF has no page of ours to reach.
    ...(file.mediaType === 'application/pdf' ? {} : { 'Content-Security-Policy': SANDBOX }),
  })
}
