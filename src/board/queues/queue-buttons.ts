import express, { type Express, type Request, type Response } from 'express'
import type { AuditEntry } from '../../people/audit.ts'
import { type Access, mayUse } from '../../people/roles.ts'
import type { QueueName } from '../../queues/index.ts'
import type { Context } from '../http/context.ts'
import { HttpError } from '../http/problem.ts'
import { recordWrite } from '../http/record-write.ts'
import {
  limitAtOnce,
  limitRate,
  pauseQueue,
  pauseQueues,
  releaseRate,
  resumeQueue,
  resumeQueues,
} from './pause-queues.ts'
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

type Change = (context: Context, request: Request) => Promise<AuditEntry[]>
type Button = {
  method: 'put' | 'patch'
  /** Behind /queues/api/queues. */
  route: `/${string}`
  role: Extract<Access, 'operator' | 'admin'>
  change: Change
}

/**
 * Every button of bull-board's page that changes something, and what it does here. bull-board's own writes are not
 * used: jobs change through the ledger, which the queue follows, so that both say the same wherever one presses; and a
 * change goes on record first. Adding jobs, editing their data and BullMQ's own schedulers are left out on purpose: the
 * ledger decides what runs.
 */
export const BUTTONS: readonly Button[] = [
  { method: 'put', route: '/pause', role: 'operator', change: pauseQueues },
  { method: 'put', route: '/resume', role: 'operator', change: resumeQueues },
  { method: 'put', route: '/:queueName/pause', role: 'operator', change: ofQueue(pauseQueue) },
  { method: 'put', route: '/:queueName/resume', role: 'operator', change: ofQueue(resumeQueue) },
  { method: 'put', route: '/:queueName/concurrency', role: 'admin', change: ofQueue(limitAtOnce) },
  { method: 'put', route: '/:queueName/rate-limit', role: 'admin', change: ofQueue(limitRate) },
  { method: 'put', route: '/:queueName/rate-limit/release', role: 'admin', change: ofQueue(releaseRate) },
  { method: 'put', route: '/:queueName/:jobId/retry', role: 'operator', change: ofQueue(retryJob) },
  { method: 'put', route: '/:queueName/retry/:state', role: 'operator', change: ofQueue(retryJobs) },
  { method: 'put', route: '/:queueName/:jobId/promote', role: 'operator', change: ofQueue(promoteJob) },
  { method: 'put', route: '/:queueName/promote', role: 'operator', change: ofQueue(promoteJobs) },
  { method: 'patch', route: '/:queueName/:jobId/delay', role: 'operator', change: ofQueue(delayJob) },
  { method: 'patch', route: '/:queueName/:jobId/priority', role: 'operator', change: ofQueue(prioritiseJob) },
  { method: 'put', route: '/:queueName/:jobId/clean', role: 'admin', change: ofQueue(removeJob) },
  { method: 'put', route: '/:queueName/clean/:state', role: 'admin', change: ofQueue(cleanJobs) },
  { method: 'put', route: '/:queueName/empty', role: 'admin', change: ofQueue(emptyQueue) },
]

function ofQueue(change: (context: Context, place: JobPlace) => Promise<AuditEntry[]>): Change {
  return (context, { params, body }) => {
    const queue = context.board.queues.get(String(params['queueName']) as QueueName)
    if (!queue) throw new HttpError('not-found', 'There is no such queue.')
    return change(context, { queue, jobId: String(params['jobId']), state: String(params['state']), body })
  }
}

/** Mounts the buttons behind `base`; whatever else would write there is refused. `visitOf` says who presses. */
export function mountButtons(app: Express, base: string, visitOf: (request: Request) => Context): void {
  for (const { method, route, role, change } of BUTTONS) {
    const path = `${base}/api/queues${route}`
    app[method](path, express.json(), async (request: Request, response: Response) => {
      const context = visitOf(request)
      const held = context.identity.role
      if (held === null || !mayUse(held, role)) throw new HttpError('forbidden', `This is for the role ${role}.`)
      const write = { method, path, params: request.params, client: null }
      await recordWrite(context, write, async () => ({ audit: await change(context, request) }))
      response.status(204).end()
    })
  }
  app.use(base, (request, _response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') return next()
    throw new HttpError('not-offered', refusalOf(request.path))
  })
}

function refusalOf(path: string): string {
  return path.endsWith('/obliterate')
    ? 'The ledger would fill the queue again. To be rid of runs, discard them on the page of runs.'
    : 'The ledger decides what runs: use the board’s own pages.'
}
