import type { Request, Response } from 'express'
import { z } from 'zod'
import type { Html } from '../../html.ts'
import type { AuditEntry } from '../../people/audit.ts'
import { type Access, mayUse, type Scope } from '../../people/roles.ts'
import type { Place as MenuPlace } from '../ui/place.ts'
import type { Context } from './context.ts'
import { accept, acceptText, readFormBody } from './input.ts'
import { checkCsrf } from './origin.ts'
import { recordWrite } from './record-write.ts'
import type { Cost, Route } from './routes.ts'

/**
 * What a page may use beside: where it is, to come back to, what the visitor just did, where else they may go, and how
 * many things need somebody there.
 */
export type PageContext = Context & {
  here: string
  notice: string | null
  menu: readonly MenuPlace[]
  counts: Readonly<Record<string, number>>
}

type Place<Params> = { path: `/${string}`; role: Access; scope: Scope; cost?: Cost; params: z.ZodType<Params> }

export type Page<Params, Query> = Place<Params> & {
  query: z.ZodType<Query>
  render(input: { params: Params; query: Query }, context: PageContext): Promise<Html>
}

/** A form that changes something: what it did goes on record, and the visitor to `location`. */
export type Form<Params, Fields> = Place<Params> & {
  fields: z.ZodType<Fields>
  submit(
    input: { params: Params; fields: Fields },
    context: Context,
  ): Promise<{ location: string; audit: AuditEntry | null }>
}

/** Declares a page: what it asks of its visitor, what it takes, what it shows. */
export function definePage<Params, Query>(page: Page<Params, Query>): Route {
  const { path, role, scope, cost } = page
  return {
    method: 'get',
    path,
    role,
    scope,
    cost,
    async answer(context, request, response) {
      const { notice, ...rest } = request.query
      const input = {
        params: acceptText('path', page.params, request.params),
        query: acceptText('query', page.query, withoutEmpty(rest)),
      }
      const shown = typeof notice === 'string' ? notice : null
      const menu = menuOf(context)
      const counts = await countsOf(menu, context)
      sendPage(response, await page.render(input, { ...context, here: hereOf(request), notice: shown, menu, counts }))
    },
  }
}

function menuOf({ identity, board }: Context): readonly MenuPlace[] {
  const { role, clientId } = identity
  return board.menu.filter(
    (place) =>
      role !== null &&
      mayUse(role, place.role) &&
      (place.scope === 'client' || clientId === null) &&
      place.isHere(board),
  )
}

async function countsOf(menu: readonly MenuPlace[], { db }: Context): Promise<Record<string, number>> {
  const counted = menu.map(async ({ href, count }) => [href, count === null ? 0 : await count(db)] as const)
  return Object.fromEntries(await Promise.all(counted))
}

/** An empty field of a filter form means "any". */
function withoutEmpty(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))
}

const formFields = z.looseObject({ csrf: z.string().optional() })

/** Declares a form of a signed-in person; its page shows the session's token in the field `csrf`. */
export function defineForm<Params, Fields>(form: Form<Params, Fields>): Route {
  const { path, role, scope, cost } = form
  return {
    method: 'post',
    path,
    role,
    scope,
    cost,
    async answer(context, request, response) {
      const { csrf, ...fields } = accept('body', formFields, await readFormBody(request, response))
      checkCsrf(context.board, request, { shown: csrf, expected: context.identity.csrfToken })
      const input = {
        params: acceptText('path', form.params, request.params),
        fields: accept('body', form.fields, fields),
      }
      const asked = { method: 'post', path, params: input.params as object, client: null }
      const { location } = await recordWrite(context, asked, () => form.submit(input, context))
      response.redirect(303, location)
    },
  }
}

export function sendPage(response: Response, page: Html, status = 200): void {
  response.status(status).type('text/html').send(page.markup)
}

/** Where a visitor is, without what was just said to them. */
function hereOf(request: Request): string {
  // Not against a base: of `//` it would make another host.
  const url = new URL(`http://board${request.originalUrl}`)
  url.searchParams.delete('notice')
  return url.pathname + url.search
}

/** Longer than any of ours. */
const ADDRESS_MAX = 2000

/** An address of our own to go to next; anything else becomes `/`. */
export const ownAddress = z.string().transform((text) => (text.length <= ADDRESS_MAX && isOwn(text) ? text : '/'))

function isOwn(text: string): boolean {
  // A browser takes `//name` for another host, and `\\` for `/`.
  if (!/^\/(?![/\\])/.test(text) || !URL.canParse(text, 'http://board')) return false
  return new URL(text, 'http://board').origin === 'http://board'
}

/** `location` with what the next page is to say. */
export function saying(location: string, notice: string): string {
  const url = new URL(location, 'http://board')
  url.searchParams.set('notice', notice)
  return url.pathname + url.search
}
