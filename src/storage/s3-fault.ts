import { S3ServiceException } from '@aws-sdk/client-s3'
import { messageOf, PermanentError } from '../errors.ts'

/** What an S3 failure was about, for its message. */
type Subject = { bucket: string; key: string | null }

const REFUSED = 'Check S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, and that they may list, read, write and delete there.'

/**
 * Names a failure of the S3 client: PermanentError where trying again cannot help (`object-missing`, `bucket-missing`,
 * `bucket-elsewhere`, `object-too-large`, `storage-refused`), a plain error for the rest (5xx, throttling, no
 * connection).
 */
export function nameFault(error: unknown, { bucket, key }: Subject): Error {
  const what = key === null ? `The bucket ${bucket}` : `${key} in the bucket ${bucket}`
  if (!(error instanceof S3ServiceException)) {
    const reason = messageOf(error) || codeOf(error)
    return new Error(`${what} could not be reached: ${reason}. Check S3_ENDPOINT, the credentials and the network.`, {
      cause: error,
    })
  }
  const answer = `${error.$metadata.httpStatusCode ?? 'no status'} ${error.name}`
  const permanent = (code: Exclude<Kind, 'other'>, message: string) =>
    new PermanentError(code, `${message} (${answer})`, { cause: error })
  switch (kindOf(error, key)) {
    case 'bucket-missing':
      return permanent('bucket-missing', `There is no bucket ${bucket}. Make it, or correct S3_BUCKET.`)
    case 'bucket-elsewhere':
      return permanent('bucket-elsewhere', `The bucket ${bucket} lies in another region. Correct S3_REGION.`)
    case 'object-missing':
      return permanent(
        'object-missing',
        `There is no object ${key} in ${bucket}. It may have been deleted after its time.`,
      )
    case 'object-too-large':
      return permanent('object-too-large', `${what} is larger than the bucket accepts.`)
    case 'storage-refused':
      return permanent('storage-refused', `Access to ${what} was refused. ${REFUSED}`)
    default:
      return new Error(`${what}: the object storage answered ${answer}: ${error.message}`, { cause: error })
  }
}

type Kind = 'bucket-missing' | 'bucket-elsewhere' | 'object-missing' | 'object-too-large' | 'storage-refused' | 'other'

/** The name of the error first: some stores answer with an unusual status. */
function kindOf(error: S3ServiceException, key: string | null): Kind {
  switch (error.name) {
    case 'NoSuchBucket':
      return 'bucket-missing'
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return 'bucket-elsewhere'
    case 'EntityTooLarge':
      return 'object-too-large'
  }
  switch (error.$metadata.httpStatusCode) {
    case 301:
      return 'bucket-elsewhere'
    case 401:
    case 403:
      return 'storage-refused'
    case 404:
      return key === null ? 'bucket-missing' : 'object-missing'
    case 413:
      return 'object-too-large'
    default:
      return 'other'
  }
}

/** Connection failures to several addresses have a code and no message. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure'
}
