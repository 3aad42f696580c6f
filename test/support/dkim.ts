import { createHash, type KeyObject, verify } from 'node:crypto'

/**
 * What a receiver makes of the signature of a mail (RFC 6376, relaxed/relaxed, rsa-sha256), given the key that DNS
 * would give.
 */
export type DkimVerdict = { domain: string; selector: string; signed: string[]; body: boolean; headers: boolean }

export function verifyDkim(raw: string, key: KeyObject): DkimVerdict {
  const end = raw.indexOf('\r\n\r\n')
  const headers = raw.slice(0, end).split(/\r\n(?![ \t])/)
  const signature = headers.find((line) => /^DKIM-Signature:/i.test(line)) ?? ''
  const tags = Object.fromEntries(
    signature
      .replace(/^[^:]*:/, '')
      .replace(/\s/g, '')
      .split(';')
      .map((tag) => tag.split(/=(.*)/s, 2)),
  )
  const signed = String(tags['h']).split(':')
  const covered = signed.map((name) => relaxed(headers.findLast((line) => nameOf(line) === name) ?? ''))
  const itself = relaxed(signature.replace(/(\bb=)[^;]*/, '$1'))
  const body = createHash('sha256')
    .update(relaxedBody(raw.slice(end + 4)), 'latin1')
    .digest('base64')
  return {
    domain: tags['d'],
    selector: tags['s'],
    signed,
    body: body === tags['bh'],
    headers: verify(
      'sha256',
      Buffer.from([...covered, itself].join('\r\n'), 'latin1'),
      key,
      Buffer.from(tags['b'], 'base64'),
    ),
  }
}

const nameOf = (line: string) => line.slice(0, line.indexOf(':')).trim().toLowerCase()

function relaxed(line: string): string {
  const value = line
    .slice(line.indexOf(':') + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
  return `${nameOf(line)}:${value.trim()}`
}

function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  return `${lines.join('\r\n').replace(/(\r\n)+$/, '')}\r\n`
}
