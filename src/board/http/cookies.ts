import type { Request, Response } from 'express'

/**
 * Names and attributes of the cookies of one board; over https the browser itself keeps them to this host and to https.
 */
export type Cookies = {
  session: string
  /** Ties the sign-in form to the browser that asked for it. */
  form: string
  secure: boolean
}

export function cookiesFor(publicUrl: string): Cookies {
  const secure = publicUrl.startsWith('https:')
  const prefix = secure ? '__Host-' : ''
  return { session: `${prefix}daybreak-session`, form: `${prefix}daybreak-form`, secure }
}

export function readCookie(request: Request, name: string): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return null
}

/** Sets a cookie that no script can read; an age of 0 deletes it. */
export function setCookie(
  response: Response,
  { secure }: Cookies,
  cookie: { name: string; value: string; maxAgeSeconds: number; sameSite: 'lax' | 'strict' },
): void {
  response.cookie(cookie.name, cookie.value, {
    httpOnly: true,
    secure,
    sameSite: cookie.sameSite,
    path: '/',
    maxAge: cookie.maxAgeSeconds * 1000,
    encode: String,
  })
}
