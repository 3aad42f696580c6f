import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 random bits as text for a cookie, a link or a key. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored of a secret: reading the table gives nobody the secret itself. */
export function secretHash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** Compares without telling by its time how much was right. */
export function sameSecret(left: string, right: string): boolean {
  return timingSafeEqual(secretHash(left), secretHash(right))
}
