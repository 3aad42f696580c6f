import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { type AnyJob, jobNamed } from '../../queues/index.ts'
import { jobName } from '../http/address.ts'
import { clientOptions } from '../http/clients.ts'
import { accept } from '../http/input.ts'
import { defineForm, definePage, type PageContext } from '../http/page.ts'
import { requestRun } from '../runs/index.ts'
import { type Fire, firesByJob, zonedFireList } from '../schedules/index.ts'
import { formatDuration, plural, titleOf } from '../ui/format.ts'
import { layout } from '../ui/layout.ts'
import { isOperator } from '../ui/parts.ts'
import { payloadSchema } from './endpoints.ts'
import { payloadFields, payloadOf } from './payload-form.ts'

export const jobsPage = definePage({
  path: '/jobs',
  role: 'viewer',
  scope: 'client',
  params: z.strictObject({}),
  query: z.strictObject({}),
  async render(_input, context) {
    const clients = await clientOptions(context.db)
    const fires = await firesByJob(context.db, context.board.clock())
    const jobs = [...context.board.registry.values()]
    const content = html`<div class="page-head"><div><h1>Jobs</h1><p class="lead">What this program can do, and how to have it done now. The same work asked for twice is one run.</p></div></div>
${jobs.map((job) => jobCard(job, { clients, fires: fires.get(job.name) ?? [] }, context))}`
    return layout(context, { title: 'Jobs', place: '/jobs' }, content)
  },
})

type Around = { clients: readonly { value: string; label: string }[]; fires: readonly Fire[] }

function jobCard(job: AnyJob, { clients, fires }: Around, context: PageContext): Html {
  const { name, summary, schedule, queue, retry, timeoutMs } = job
  const when = whenWords(schedule)
  return html`<section class="card" aria-labelledby="job-${name}"><div class="card-head"><div><h2 id="job-${name}">${titleOf(name)}</h2><p>${summary}</p></div></div>
<p class="quiet">Queue ${queue} · ${when} · up to ${plural(retry.attempts, 'try', 'tries')} of ${formatDuration(timeoutMs)} · <a href="/runs?job=${name}">runs</a>${fires.length > 0 && html` · <a href="/schedules?job=${name}">schedules</a>`}</p>
${fires.length > 0 && html`<details id="fires-${name}"><summary>Next times</summary>${zonedFireList(fires, context.board.clock())}</details>`}
${isOperator(context) && html`<details id="run-${name}"><summary>Run now</summary>${runForm(job, clients, context)}</details>`}</section>`
}

function whenWords(schedule: AnyJob['schedule']): string {
  if (schedule === null) return 'when asked for'
  const { cron, zone } = schedule
  if (cron === null) return 'as its schedules say'
  return `${cron} in ${zone === 'client' ? 'the client’s zone' : zone}`
}

function runForm(
  { name, payload }: AnyJob,
  clients: readonly { value: string; label: string }[],
  { identity }: PageContext,
): Html {
  return html`<form class="stack" method="post" action="/jobs/${name}/run"><input type="hidden" name="csrf" value="${identity.csrfToken}">
${payloadFields(payloadSchema(payload), name, clients)}
<label class="check"><input type="checkbox" name="again" value="all"> Run it again if it has run before</label>
<button class="primary">Run ${titleOf(name).toLowerCase()}</button></form>`
}

export const runJobForm = defineForm({
  path: '/jobs/:name/run',
  role: 'operator',
  scope: 'client',
  params: z.strictObject({ name: jobName }),
  fields: z.record(z.string().max(100), z.string().max(10_000)),
  async submit({ params, fields: { again, ...fields } }, context) {
    const job = jobNamed(context.board.registry, params.name)
    const payload = accept('body', job.payload, payloadOf(payloadSchema(job.payload), fields))
    const { result, audit } = await requestRun(context, { job, payload }, again === 'all' ? 'all' : 'no')
    return { audit, location: `/runs/${result.runId}?notice=requested` }
  },
})
