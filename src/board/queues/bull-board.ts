import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import { escapeHtml, html } from '../../html.ts'
import type { Identity } from '../../people/roles.ts'
import { admit } from '../http/admit.ts'
import type { Board, Context } from '../http/context.ts'
import { checkCsrf } from '../http/origin.ts'
import type { Problem } from '../http/problem.ts'
import { contextOf } from '../http/routes.ts'
import { assetPath } from '../ui/assets.ts'
import { mountButtons } from './queue-buttons.ts'

const BASE = '/queues'
const UI_FOLDER = join(dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))), 'dist')

/**
 * Puts bull-board under /queues, for people who may see every client. It only shows: its buttons are ours
 * (queue-buttons.ts).
 */
export function mountBullBoard(app: Express, board: Board): void {
  const adapter = new ExpressAdapter().setBasePath(BASE)
  createBullBoard({
    queues: [...board.queues.values()].map((queue) => new BullMQAdapter(queue)),
    serverAdapter: adapter,
    options: { uiConfig: uiConfig(), handlerHooks: { after: (_asked, answer) => withoutInsides(answer) } },
  })
  const router = adapter.getRouter() as Express
  router.disable('x-powered-by')
  // Its own page asks for fonts from another host; ours is the same page without that.
  router.engine('ejs', renderEntryPage)
  app.use(`${BASE}/static`, express.static(join(UI_FOLDER, 'static'), { index: false, maxAge: '1h' }))
  const visits = new WeakMap<Request, Context>()
  app.use(BASE, guard(board, visits))
  mountButtons(app, BASE, (request) => {
    const context = visits.get(request)
    if (context === undefined) throw new Error('a button was pressed by nobody who came in')
    return context
  })
  app.use(BASE, router)
  // Its own would show the message of any error.
  adapter.setErrorHandler((error) => {
    throw error
  })
}

function guard(board: Board, visits: WeakMap<Request, Context>): RequestHandler {
  return async (request, response, next) => {
    visits.set(request, await visit(board, request, response))
    next()
  }
}

type Hooks = NonNullable<NonNullable<Parameters<typeof createBullBoard>[0]['options']>['handlerHooks']>
type Shown = Awaited<ReturnType<NonNullable<Hooks['after']>>>

/** Where a job failed in the code, and where a worker sits in the network, is for the log alone. */
const INSIDES: Record<string, unknown> = { stacktrace: [], addr: '' }

function withoutInsides({ body, ...answer }: Shown): Shown {
  const text = JSON.stringify({ body }, (name, value: unknown) =>
    Object.hasOwn(INSIDES, name) ? INSIDES[name] : value,
  )
  return { ...answer, ...(JSON.parse(text) as Pick<Shown, 'body'>) }
}

/**
 * A problem document as bull-board's page reads it: it shows `error` and `message`, and takes anything without them for
 * success.
 */
export function inItsWords(problem: Problem): object {
  return { ...problem, error: problem.title, message: problem.detail }
}

/** Whether bull-board's page asks, and not a person. */
export function isItsQuestion({ originalUrl }: Request): boolean {
  return originalUrl.startsWith(`${BASE}/api/`)
}

function uiConfig() {
  const icon = assetPath('daybreak.svg')
  return {
    boardTitle: 'Daybreak',
    boardLogo: { path: icon, width: 24, height: 24 },
    favIcon: { default: icon, alternative: icon },
    miscLinks: [{ text: 'Back to the night', url: '/' }],
    hideDocsLink: true,
    // Version, port and memory of the server.
    hideRedisDetails: true,
  }
}

async function visit(board: Board, request: Request, response: Response): Promise<Context> {
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const method = reads ? 'get' : request.method.toLowerCase()
  const identity = await admit(board, request, { method, role: 'viewer', scope: 'everything' })
  if (!reads && identity.kind === 'user') {
    checkCsrf(board, request, { shown: request.get('X-XSRF-TOKEN'), expected: identity.csrfToken })
  }
  if (reads && !request.path.startsWith('/api/')) giveToken(board, identity, response)
  return contextOf(board, identity, request, response)
}

/** bull-board's page sends the token of this cookie back in a header; unlike the session's, a script may read it. */
function giveToken({ cookies }: Board, { csrfToken }: Identity, response: Response): void {
  response.cookie('XSRF-TOKEN', csrfToken ?? '', {
    sameSite: 'strict',
    secure: cookies.secure,
    path: BASE,
    encode: String,
  })
}

const template = readFileSync(join(UI_FOLDER, 'index.ejs'), 'utf8')
  .replace(/<link href="https:[^>]*>/g, '')
  .replace(/<div id="root">[\s\S]*<\/div>\s*(?=<script)/, '<div id="root"></div>')

/** Fills bull-board's page: `<%= %>` is text, `<%- %>` is JSON that bull-board has made safe for a script element. */
function renderEntryPage(_path: string, values: object, done: (error: Error | null, page?: string) => void): void {
  const known = values as Record<string, string | undefined>
  const page = template
    .replace(/<%=\s*(\w+)\s*%>/g, (_tag, name: string) => escapeHtml(known[name] ?? ''))
    .replace(/<%-\s*(\w+)\s*%>/g, (_tag, name: string) => known[name] ?? '')
    .replace('</head>', html`<link rel="stylesheet" href="${assetPath('queues.css')}"></head>`.markup)
  done(null, page)
}
