import { InputError } from '../errors.ts'

/** What S3 allows a whole key, in bytes of UTF-8. */
const KEY_BYTES_MAX = 1024
/** What common file systems allow one name between slashes, in bytes of UTF-8. */
const SEGMENT_BYTES_MAX = 255

/**
 * First segment of a folder store's own files: no key may begin with it, in any store, so that objects can move between
 * stores.
 */
export const RESERVED_SEGMENT = '.partial'

/**
 * Throws InputError('object-key') for a key that leaves the store or that a folder and a bucket would understand
 * differently.
 */
export function checkKey(key: string): void {
  const fault = faultOf(key.split('/')) ?? (Buffer.byteLength(key) > KEY_BYTES_MAX ? 'is longer than 1024 bytes' : null)
  if (fault) throw refusal(key, fault)
}

/** Throws InputError('object-key') for a prefix no valid key can begin with; the empty prefix is every key. */
export function checkPrefix(prefix: string): void {
  const whole = prefix.split('/').slice(0, -1)
  const fault =
    (whole.length > 0 ? faultOf(whole) : null) ?? (prefix.includes('\0') ? 'holds a control character' : null)
  if (fault) throw refusal(prefix, fault)
}

function faultOf(segments: string[]): string | null {
  const text = segments.join('/')
  if (/\p{Cc}/u.test(text)) return 'holds a control character'
  if (text.includes('\\')) return 'holds a backslash'
  if (!text.isWellFormed()) return 'is not valid Unicode'
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return 'has an empty, "." or ".." part between its slashes'
  }
  if (segments[0] === RESERVED_SEGMENT) return `begins with the reserved ${RESERVED_SEGMENT}`
  if (segments.some((segment) => Buffer.byteLength(segment) > SEGMENT_BYTES_MAX))
    return 'has a part longer than 255 bytes'
  return null
}

function refusal(key: string, fault: string): InputError {
  return new InputError(
    'object-key',
    `The object key ${JSON.stringify(key.slice(0, 200))} ${fault}. Keys look like executions/1/report.pdf.`,
  )
}
