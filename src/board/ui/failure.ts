import type { Request } from 'express'
import { type Html, html } from '../../html.ts'
import type { HttpError } from '../http/problem.ts'
import { bareLayout } from './layout.ts'

const HEADINGS: Record<number, string> = {
  400: 'That cannot be read',
  403: 'That is not for you',
  404: 'There is nothing here',
  409: 'That cannot be done now',
  410: 'This link has expired',
  413: 'That is too much',
  422: 'That does not fit',
  429: 'Too fast',
  503: 'Not right now',
}

/** A failure as a page, with the words of the problem document. */
export function failurePage(error: HttpError, requestId: string): Html {
  const heading = HEADINGS[error.status] ?? (error.status >= 500 ? 'Something went wrong' : 'That did not work')
  return bareLayout(
    heading,
    html`<h1>${heading}</h1><p>${error.message}</p>
${error.status === 500 && html`<p class="quiet">The log has it under <code>${requestId}</code>.</p>`}
<p><a class="button" href="/">To the night</a></p>`,
  )
}

/** Whether somebody sits in front of a browser: programs ask for JSON or for anything. */
export function wantsPage(request: Request): boolean {
  if (request.path.startsWith('/api/') || request.get('Authorization') !== undefined) return false
  return request.accepts(['application/problem+json', 'application/json', 'text/html']) === 'text/html'
}
