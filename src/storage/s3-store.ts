import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { InputError, PermanentError } from '../errors.ts'
import { heard } from '../heard.ts'
import { SECOND_MS } from '../time.ts'
import { attachmentDisposition } from './content-disposition.ts'
import { createMeter } from './meter.ts'
import { checkKey, checkPrefix } from './object-key.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { probe } from './probe.ts'
import { nameFault } from './s3-fault.ts'
import { s3Retries } from './s3-retries.ts'

/** Memory of one upload: PART_BYTES for each part in progress and one more being filled. 10,000 parts make 80 GB. */
const PART_BYTES = 8 * 1024 * 1024
const PARTS_AT_ONCE = 2
const PRESIGN_SECONDS_MAX = 7 * 24 * 3600
const CONNECT_TIMEOUT_MS = 5 * SECOND_MS
const REQUEST_TIMEOUT_MS = 60 * SECOND_MS
const IDLE_TIMEOUT_MS = 30 * SECOND_MS

export type S3StoreOptions = {
  bucket: string
  /** Address of a store other than AWS. */
  endpoint?: string | undefined
  region: string
  /** Without the pair: the AWS default credential chain. */
  accessKeyId?: string | undefined
  secretAccessKey?: string | undefined
  forcePathStyle: boolean
  /** `when_required` for stores that refuse the checksums AWS expects. */
  checksums: 'when_supported' | 'when_required'
}

/** The client and bucket that everything here works on. */
type Place = { client: S3Client; bucket: string }

/** Objects in an S3 bucket. Failures are named as in s3-fault.ts. */
export function openS3Store(options: S3StoreOptions): ObjectStore {
  const place = { client: new S3Client(clientConfig(options)), bucket: options.bucket }
  const store = {
    put: (key: string, body: Readable, about: { mediaType: string; signal?: AbortSignal }) =>
      put(place, key, body, about),
    get: (key: string) => get(place, key),
    delete: (key: string) => remove(place, key),
    list: (prefix: string) => list(place, prefix),
    presign: (key: string, about: { fileName: string; ttlSeconds: number }) => presign(place, key, about),
  }
  return { ...store, check: () => probe(store) }
}

function clientConfig(options: S3StoreOptions): S3ClientConfig {
  const { accessKeyId, secretAccessKey, endpoint, region, forcePathStyle } = options
  if (Boolean(accessKeyId) !== Boolean(secretAccessKey)) {
    throw new InputError('configuration', 'S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together: set both or neither.')
  }
  const checksums = options.checksums === 'when_supported' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  return {
    region,
    forcePathStyle,
    ...(endpoint ? { endpoint } : {}),
    ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey } } : {}),
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    retryStrategy: s3Retries,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      socketTimeout: IDLE_TIMEOUT_MS,
    },
  }
}

async function put(
  { client, bucket }: Place,
  key: string,
  body: Readable,
  { mediaType, signal }: { mediaType: string; signal?: AbortSignal },
): Promise<StoredObject> {
  const meter = createMeter()
  const source = watch(meter.through(body, signal))
  const cancelled = signal ? AbortSignal.any([signal, source.failed]) : source.failed
  let upload: Upload | null = null
  try {
    checkKey(key)
    const params = { Bucket: bucket, Key: key, Body: source.body, ContentType: mediaType }
    const sending = cancellable(client, cancelled)
    upload = new Upload({
      client: sending,
      params,
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
      leavePartsOnError: true,
    })
    await upload.done()
    return { key, ...meter.read() }
  } catch (error) {
    body.destroy()
    await abandon({ client, bucket }, key, upload?.uploadId)
    if (signal?.aborted) throw signal.reason
    if (source.failed.aborted) throw source.failed.reason
    throw error instanceof InputError ? error : nameFault(error, { bucket, key })
  }
}

/**
 * Remembers the source's own error: the upload may fail of it in several ways, and only this one tells what happened.
 */
function watch(bytes: AsyncGenerator<Buffer>): { body: Readable; failed: AbortSignal } {
  const failure = new AbortController()
  async function* watched() {
    try {
      yield* bytes
    } catch (error) {
      failure.abort(error)
      throw error
    }
  }
  return { body: Readable.from(watched(), { objectMode: false }), failed: failure.signal }
}

/** Upload gives its requests no signal, so that an aborted one would be finished behind our back and become visible. */
function cancellable(client: S3Client, signal: AbortSignal): S3Client {
  const send = (command: Parameters<S3Client['send']>[0]) => client.send(command, { abortSignal: signal })
  return Object.assign(Object.create(client) as S3Client, { send })
}

/** Frees the parts of an upload that will not be finished. */
async function abandon({ client, bucket }: Place, key: string, uploadId: string | undefined): Promise<void> {
  if (!uploadId) return
  // Not every store can abort, and the error that led here is the one to report: parts left behind are invisible and
  // are removed by the bucket's lifecycle rule for incomplete uploads.
  await client
    .send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }))
    .catch(() => undefined)
}

async function get({ client, bucket }: Place, key: string): Promise<{ body: Readable; sizeBytes: number }> {
  checkKey(key)
  const reply = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key })).catch((error: unknown) => {
    throw nameFault(error, { bucket, key })
  })
  if (!(reply.Body instanceof Readable) || reply.ContentLength === undefined) {
    throw new Error(
      `The object storage answered without a length for ${key} in ${bucket}. Check that S3_ENDPOINT speaks S3.`,
    )
  }
  return { body: heard(reply.Body), sizeBytes: reply.ContentLength }
}

async function remove({ client, bucket }: Place, key: string): Promise<void> {
  checkKey(key)
  try {
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))
  } catch (error) {
    const fault = nameFault(error, { bucket, key })
    // AWS answers 204 for what is not there, some other stores 404.
    if (!(fault instanceof PermanentError && fault.code === 'object-missing')) throw fault
  }
}

async function* list({ client, bucket }: Place, prefix: string): AsyncGenerator<string> {
  checkPrefix(prefix)
  try {
    for await (const page of paginateListObjectsV2(
      { client, stopOnSameToken: true },
      { Bucket: bucket, Prefix: prefix },
    )) {
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key
    }
  } catch (error) {
    throw nameFault(error, { bucket, key: null })
  }
}

async function presign(
  { client, bucket }: Place,
  key: string,
  about: { fileName: string; ttlSeconds: number },
): Promise<string> {
  checkKey(key)
  if (!(about.ttlSeconds >= 1 && about.ttlSeconds <= PRESIGN_SECONDS_MAX)) {
    throw new InputError('link-ttl', `A signed S3 address lives 1 second to 7 days, not ${about.ttlSeconds} seconds.`)
  }
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ResponseContentDisposition: attachmentDisposition(about.fileName),
  })
  return getSignedUrl(client, command, { expiresIn: about.ttlSeconds })
}
