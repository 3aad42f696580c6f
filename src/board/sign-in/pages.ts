import type { Request, Response } from 'express'
import { z } from 'zod'
import type { SystemTransaction } from '../../db/database.ts'
import { type Html, html } from '../../html.ts'
import { type AuditEntry, writeAudit } from '../../people/audit.ts'
import { rememberAddress } from '../../people/known-addresses.ts'
import { networkOf } from '../../people/network.ts'
import { ANONYMOUS, type Identity } from '../../people/roles.ts'
import { newSecret } from '../../people/secrets.ts'
import { beginSession, endSession, findSession } from '../../people/sessions.ts'
import type { SignedIn } from '../../people/sign-in.ts'
import { addressOf, identify } from '../http/admit.ts'
import type { Board, Context } from '../http/context.ts'
import { readCookie, setCookie } from '../http/cookies.ts'
import { accept, readFormBody } from '../http/input.ts'
import { checkCsrf } from '../http/origin.ts'
import { ownAddress, sendPage } from '../http/page.ts'
import { HttpError } from '../http/problem.ts'
import { actorOf } from '../http/record-write.ts'
import type { Route } from '../http/routes.ts'
import { bareLayout, homeOf } from '../ui/layout.ts'

const FORM_TTL_S = 3600

/** Signing in and out: the only forms that a stranger may send, and so the only ones that bring their own token. */
export const signInPage: Route = {
  method: 'get',
  path: '/sign-in',
  role: 'public',
  scope: 'client',
  async answer({ board }, request, response) {
    const identity = await identify(board, request)
    const next = ownAddress.parse(typeof request.query['next'] === 'string' ? request.query['next'] : '')
    if (identity) return response.redirect(303, next === '/' ? homeOf(identity) : next)
    const said = request.query['notice'] === 'signed-out' ? 'You are signed out.' : null
    showForm(board, request, response, { next, email: '', said, wrong: null, status: 200 })
  },
}

const fields = z.strictObject({
  email: z.string().max(320),
  password: z.string().max(1000),
  next: ownAddress,
  csrf: z.string().max(100),
})

export const signInForm: Route = {
  method: 'post',
  path: '/sign-in',
  role: 'public',
  scope: 'client',
  async answer(context, request, response) {
    const { board } = context
    const { email, password, next, csrf } = accept('body', fields, await readFormBody(request, response))
    checkCsrf(board, request, { shown: csrf, expected: readCookie(request, board.cookies.form) })
    const shown = { next, email, said: null }
    const signedIn = await board.signIn({ email, password, ip: addressOf(request) }).catch((error: unknown) => {
      if (!(error instanceof HttpError) || error.status !== 429) throw error
      board.log.debug('too many failed sign-ins; further ones are refused for now')
      response.set(error.headers)
      showForm(board, request, response, { ...shown, wrong: error.message, status: 429 })
      return 'answered' as const
    })
    if (signedIn === 'answered') return
    const earlier = readCookie(request, board.cookies.session)
    const identity = signedIn === null ? null : await openSession(context, response, signedIn, earlier)
    if (identity === null) {
      // On record by the minute; a line for each would be the next flood.
      board.log.debug('a sign-in failed')
      showForm(board, request, response, {
        ...shown,
        wrong: 'The e-mail address or the password is wrong.',
        status: 401,
      })
      return
    }
    response.redirect(303, next === '/' ? homeOf(identity) : next)
  },
}

/**
 * The session and its audit row are there together, or neither. null: the person may not come in as they asked to any
 * more.
 */
async function openSession(
  context: Context,
  response: Response,
  { userId, passwordHash }: SignedIn,
  earlier: string | null,
): Promise<Identity | null> {
  const { clock, sessionTtlHours, database, cookies } = context.board
  const opened = await database.system.transaction().execute(async (transaction) => {
    if (!(await isUnchanged(transaction, { userId, passwordHash }))) return null
    // Whoever signs in again, on a machine that others use too, means to leave nothing of theirs open.
    if (earlier !== null) await endSession(transaction, earlier)
    await rememberAddress(transaction, userId, networkOf(context.ip))
    const { token } = await beginSession(transaction, userId, { now: clock(), ttlHours: sessionTtlHours })
    const identity = (await findSession(transaction, token, clock())) ?? ANONYMOUS
    await writeAudit(transaction, actorOf({ ...context, identity }), sessionEntry('sign-in', identity))
    return { token, identity }
  })
  if (opened === null) return null
  const { token, identity } = opened
  setCookie(response, cookies, {
    name: cookies.session,
    value: token,
    maxAgeSeconds: sessionTtlHours * 3600,
    sameSite: 'lax',
  })
  setCookie(response, cookies, { name: cookies.form, value: '', maxAgeSeconds: 0, sameSite: 'strict' })
  return identity
}

/**
 * While the password was checked, it may have been changed, or the person shut out: that ends all sessions, and this
 * one too.
 */
async function isUnchanged(transaction: SystemTransaction, { userId, passwordHash }: SignedIn): Promise<boolean> {
  const unchanged = await transaction
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .where('password_hash', '=', passwordHash)
    .where('disabled_at', 'is', null)
    .forShare()
    .executeTakeFirst()
  return unchanged !== undefined
}

function sessionEntry(action: 'sign-in' | 'sign-out', { id, clientId }: Identity): AuditEntry {
  return { action, target: `user:${id}`, clientId, before: null, after: null }
}

export const signOutForm: Route = {
  method: 'post',
  path: '/sign-out',
  role: 'public',
  scope: 'client',
  async answer(context, request, response) {
    const { board } = context
    const { csrf } = z.looseObject({ csrf: z.unknown().optional() }).parse(await readFormBody(request, response))
    const token = readCookie(request, board.cookies.session)
    const identity = token === null ? null : await findSession(board.database.system, token, board.clock())
    if (token !== null && identity !== null) {
      checkCsrf(board, request, { shown: csrf, expected: identity.csrfToken })
      await board.database.system.transaction().execute(async (transaction) => {
        await endSession(transaction, token)
        await writeAudit(transaction, actorOf({ ...context, identity }), sessionEntry('sign-out', identity))
      })
    }
    setCookie(response, board.cookies, { name: board.cookies.session, value: '', maxAgeSeconds: 0, sameSite: 'lax' })
    response.redirect(303, '/sign-in?notice=signed-out')
  },
}

type FormView = { next: string; email: string; said: string | null; wrong: string | null; status: number }

/** The form's token is in a cookie and in the form: only a page of ours can show both. */
function showForm(board: Board, request: Request, response: Response, view: FormView): void {
  // The same one for every tab that is open.
  const token = readCookie(request, board.cookies.form) ?? newSecret()
  setCookie(response, board.cookies, {
    name: board.cookies.form,
    value: token,
    maxAgeSeconds: FORM_TTL_S,
    sameSite: 'strict',
  })
  sendPage(response, bareLayout('Sign in', formOf(view, token)), view.status)
}

function formOf({ next, email, said, wrong }: FormView, token: string): Html {
  return html`<h1>Sign in</h1>
${said !== null && html`<p class="notice" role="status">${said}</p>`}
${wrong !== null && html`<p class="problem" role="alert" id="wrong">${wrong}</p>`}
<form method="post" action="/sign-in" class="stack">
<input type="hidden" name="csrf" value="${token}"><input type="hidden" name="next" value="${next}">
<label>E-mail address<input type="email" name="email" value="${email}" autocomplete="username" required autofocus maxlength="320"></label>
<label>Password<input type="password" name="password" autocomplete="current-password" required maxlength="1000"${wrong !== null && html` aria-describedby="wrong"`}></label>
<button class="primary">Sign in</button>
</form>`
}
