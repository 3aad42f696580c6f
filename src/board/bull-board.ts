import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import type { Queue } from 'bullmq'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import { z } from 'zod'
import type { QueueName } from '../queues/index.ts'
import { type Access, type Identity, mayUse } from './access.ts'
import { admit } from './admit.ts'
import { assetPath } from './assets.ts'
import { writeAudit } from './audit.ts'
import { checkCsrf } from './auth/origin.ts'
import type { Board, Context } from './context.ts'
import { actorOf } from './endpoint-route.ts'
import { escapeHtml } from './html.ts'
import { HttpError, httpErrorOf } from './problem.ts'
import { changeRun } from './request-run.ts'
import { contextOf } from './routes.ts'

export type BoardQueues = ReadonlyMap<QueueName, Queue>

const BASE = '/queues'
const UI_FOLDER = join(dirname(fileURLToPath(import.meta.resolve('@bull-board/ui/package.json'))), 'dist')

/**
 * What each write of bull-board asks of a person; a write that is not here is refused. Adding jobs, editing their data and
 * BullMQ's own schedulers are left out on purpose: the queue holds ids of runs, and the ledger decides what runs.
 */
const WRITES: Record<string, Extract<Access, 'operator' | 'admin'>> = {
  'put /api/queues/pause': 'operator',
  'put /api/queues/resume': 'operator',
  'put /api/queues/:queueName/pause': 'operator',
  'put /api/queues/:queueName/resume': 'operator',
  'put /api/queues/:queueName/promote': 'operator',
  'put /api/queues/:queueName/:jobId/promote': 'operator',
  'patch /api/queues/:queueName/:jobId/delay': 'operator',
  'patch /api/queues/:queueName/:jobId/priority': 'operator',
  'put /api/queues/:queueName/clean/:queueStatus': 'admin',
  'put /api/queues/:queueName/:jobId/clean': 'admin',
  'put /api/queues/:queueName/empty': 'admin',
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
  app.put(`${BASE}/api/queues/:queueName/:jobId/retry`, (request, response) => retryOne(visits, request, response))
  app.put(`${BASE}/api/queues/:queueName/retry/:state`, (request, response) =>
    retryAll(board, visits, request, response),
  )
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
      const message =
        needed === undefined
          ? 'The ledger decides what runs: use the board’s own pages.'
          : `This is for the role ${needed}.`
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

const runId = z.guid()

/** A retry goes through the ledger, which the queue follows, so that it ends the same wherever it is pressed. */
async function retryOne(visits: WeakMap<object, Context>, request: Request, response: Response): Promise<void> {
  await answerRetry(visits, request, response, async (context) => {
    await retryRun(context, String(request.params['jobId']))
  })
}

/** Failed jobs one press of the button retries. */
const RETRY_MAX = 500

async function retryAll(
  board: Board,
  visits: WeakMap<object, Context>,
  request: Request,
  response: Response,
): Promise<void> {
  await answerRetry(visits, request, response, async (context) => {
    const queue = board.queues.get(request.params['queueName'] as QueueName)
    if (!queue || request.params['state'] !== 'failed') {
      throw new HttpError(400, 'bad-request', 'Only failed jobs of a queue can be retried all at once.')
    }
    for (const job of await queue.getFailed(0, RETRY_MAX - 1)) {
      // One that somebody retried meanwhile is none of this press's business.
      await retryRun(context, String(job.id)).catch((error: unknown) => {
        if (httpErrorOf(error).status !== 409) throw error
      })
    }
  })
}

async function retryRun(context: Context, id: string): Promise<void> {
  if (!runId.safeParse(id).success) throw new HttpError(400, 'bad-request', 'This job is no run of the ledger.')
  const entry = await changeRun(context, id, 'retry')
  await writeAudit(context.board.database.system, actorOf(context), entry)
}

async function answerRetry(
  visits: WeakMap<object, Context>,
  request: Request,
  response: Response,
  work: (context: Context) => Promise<void>,
): Promise<void> {
  const context = visits.get(request.headers)
  const role = context?.identity.role ?? null
  if (!context || role === null || !mayUse(role, 'operator')) {
    throw new HttpError(403, 'forbidden', 'Retrying is for operators and admins.')
  }
  await work(context)
  response.status(204).end()
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
