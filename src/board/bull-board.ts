import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import type { QueueBackend, QueueName } from '../queues/index.ts'
import { type Access, type Identity, mayUse } from './access.ts'
import { admit } from './admit.ts'
import { assetPath } from './assets.ts'
import { type AuditEntry, writeAudit } from './audit.ts'
import { checkCsrf } from './auth/origin.ts'
import type { Board, Context } from './context.ts'
import { escapeHtml } from './html.ts'
import { HttpError } from './problem.ts'
import {
  cleanJobs,
  delayJob,
  emptyQueue,
  type JobPlace,
  prioritiseJob,
  promoteJob,
  promoteJobs,
  removeJob,
  retryJob,
  retryJobs,
} from './queue-changes.ts'
import { actorOf } from './record-write.ts'
import { contextOf } from './routes.ts'

export type BoardQueues = Readonly<QueueBackend['queues']>

const BASE = '/queues'
const UI_FOLDER = join(dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))), 'dist')

/**
 * What each write of bull-board that it does itself asks of a person; one that stands neither here nor in CHANGES is refused. Adding jobs, editing their data and
 * BullMQ's own schedulers are left out on purpose: the queue holds ids of runs, and the ledger decides what runs.
 */
const WRITES: Record<string, Extract<Access, 'operator' | 'admin'>> = {
  'put /api/queues/pause': 'operator',
  'put /api/queues/resume': 'operator',
  'put /api/queues/:queueName/pause': 'operator',
  'put /api/queues/:queueName/resume': 'operator',
  'put /api/queues/:queueName/concurrency': 'admin',
  'put /api/queues/:queueName/rate-limit': 'admin',
  'put /api/queues/:queueName/rate-limit/release': 'admin',
}

/** Puts bull-board under /queues, for people who may see every client; its writes follow our roles and go on record. */
export function mountBullBoard(app: Express, board: Board): void {
  const adapter = new ExpressAdapter().setBasePath(BASE)
  const visits = new WeakMap<object, Context>()
  createBullBoard({
    queues: [...board.queues.values()].map((queue) => new BullMQAdapter(queue)),
    serverAdapter: adapter,
    options: { uiConfig: uiConfig(), handlerHooks: hooks(board, visits) },
  })
  const router = adapter.getRouter() as Express
  // Its own page asks for fonts from another host; ours is the same page without that.
  router.engine('ejs', renderEntryPage)
  app.use(`${BASE}/static`, express.static(join(UI_FOLDER, 'static'), { index: false, maxAge: '1h' }))
  app.use(BASE, guard(board, visits))
  mountChanges(app, board, visits)
  app.use(BASE, router)
}

function guard(board: Board, visits: WeakMap<object, Context>): RequestHandler {
  return async (request, response, next) => {
    visits.set(request.headers, await visit(board, request, response))
    next()
  }
}

function uiConfig() {
  const icon = assetPath('daybreak.svg')
  return {
    boardTitle: 'Daybreak',
    boardLogo: { path: icon, width: 24, height: 24 },
    favIcon: { default: icon, alternative: icon },
    miscLinks: [{ text: 'Back to the night', url: '/' }],
    hideDocsLink: true,
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

type Hooks = NonNullable<NonNullable<Parameters<typeof createBullBoard>[0]['options']>['handlerHooks']>

function hooks(board: Board, visits: WeakMap<object, Context>): Hooks {
  return {
    before({ method, route, request }) {
      if (method === 'get') return { allow: true }
      const context = visits.get(request.headers)
      const needed = WRITES[`${method} ${route}`]
      const role = context?.identity.role ?? null
      if (needed !== undefined && role !== null && mayUse(role, needed)) return { allow: true }
      const message = needed === undefined ? refusalOf(route) : `This is for the role ${needed}.`
      return { allow: false, status: 403, message }
    },
    async after({ method, route, request }, result) {
      const context = visits.get(request.headers)
      if (method === 'get' || context === undefined || (result.status ?? 200) >= 400) return result
      const target = ['queue', ...Object.values(request.params)].join(':')
      const after = JSON.parse(JSON.stringify(request.body))
      const action = `queues ${method} ${route.replace('/api/queues', '')}`
      await writeAudit(board.database.system, actorOf(context), { action, target, clientId: null, before: null, after })
      return result
    },
  }
}

function refusalOf(route: string | string[]): string {
  return String(route).endsWith('/obliterate')
    ? 'The ledger would fill the queue again. To be rid of runs, discard them on the page of runs.'
    : 'The ledger decides what runs: use the board’s own pages.'
}

type QueueChange = {
  method: 'put' | 'patch'
  route: string
  role: Extract<Access, 'operator' | 'admin'>
  change(context: Context, place: JobPlace, request: Request): Promise<AuditEntry[]>
}

/** Buttons that act on jobs do so through the ledger, which the queue follows, so that both say the same wherever they are pressed. */
const CHANGES: readonly QueueChange[] = [
  { method: 'put', route: '/:jobId/retry', role: 'operator', change: retryJob },
  {
    method: 'put',
    route: '/retry/:state',
    role: 'operator',
    change: (context, { queue }, { params }) => retryJobs(context, queue, String(params['state'])),
  },
  { method: 'put', route: '/:jobId/promote', role: 'operator', change: promoteJob },
  { method: 'put', route: '/promote', role: 'operator', change: (context, { queue }) => promoteJobs(context, queue) },
  {
    method: 'patch',
    route: '/:jobId/delay',
    role: 'operator',
    change: (context, place, { body }) => delayJob(context, place, body),
  },
  {
    method: 'patch',
    route: '/:jobId/priority',
    role: 'operator',
    change: (context, place, { body }) => prioritiseJob(context, place, body),
  },
  { method: 'put', route: '/:jobId/clean', role: 'admin', change: removeJob },
  {
    method: 'put',
    route: '/clean/:state',
    role: 'admin',
    change: (context, { queue }, { params }) => cleanJobs(context, queue, String(params['state'])),
  },
  { method: 'put', route: '/empty', role: 'admin', change: (context, { queue }) => emptyQueue(context, queue) },
]

function mountChanges(app: Express, board: Board, visits: WeakMap<object, Context>): void {
  for (const { method, route, role, change } of CHANGES) {
    app[method](`${BASE}/api/queues/:queueName${route}`, express.json(), async (request, response) => {
      const context = visits.get(request.headers)
      const held = context?.identity.role ?? null
      if (!context || held === null || !mayUse(held, role)) {
        throw new HttpError(403, 'forbidden', `This is for the role ${role}.`)
      }
      const params: Record<string, string | undefined> = request.params
      const queue = board.queues.get(params['queueName'] as QueueName)
      if (!queue) throw new HttpError(404, 'not-found', 'There is no such queue.')
      const entries = await change(context, { queue, jobId: String(params['jobId']) }, request)
      for (const entry of entries) await writeAudit(board.database.system, actorOf(context), entry)
      response.status(204).end()
    })
  }
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
    .replace('</head>', `<link rel="stylesheet" href="${assetPath('queues.css')}"></head>`)
  done(null, page)
}
