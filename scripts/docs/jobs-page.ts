import { z } from 'zod'
import { jobs } from '../../src/jobs/index.ts'
import type { AnyJob, JobSchedule } from '../../src/queues/job.ts'
import { MINUTE_MS, SECOND_MS } from '../../src/time.ts'

const INTRODUCTION = `# Jobs

Every kind of work there is. A run is one job for one key, ever: asking twice gives the same run. On the command line
\`daybreak run <job>\`, over HTTP \`POST /api/jobs/<job>/runs\`, on the board "Run now".

This page is generated from \`src/jobs/\` by \`npm run docs\`.
`

/** docs/jobs.md: a section for every job, in the order of src/jobs/index.ts. */
export function jobsPage(): string {
  return `${INTRODUCTION}${jobs.map(section).join('')}`
}

function section(job: AnyJob): string {
  const { attempts, delayMs, maxDelayMs } = job.retry
  const wait = `waiting ${duration(delayMs)}, then longer each time, up to ${duration(maxDelayMs)}`
  const rows = [
    ['queue', job.queue],
    ['runs by itself', job.schedule === null ? 'no' : schedule(job.schedule)],
    ['after', waitsFor(job)],
    ['tries', attempts === 1 ? '1' : `${attempts}, ${wait}`],
    ['deadline', duration(job.timeoutMs)],
    ['runs in', place(job)],
    ['payload', payload(job)],
  ]
  const table = rows.map(([name, value]) => `| ${name} | ${value} |`).join('\n')
  return `\n## ${job.name}\n\n${job.summary}\n\n| | |\n|---|---|\n${table}\n`
}

function schedule({ cron, zone, scope, catchUp, overlap }: JobSchedule<unknown>): string {
  const when = cron === null ? 'when its rows of the table `schedules` say' : `\`${cron}\``
  const where = zone === 'client' ? "in the client's zone" : `in ${zone}`
  const each = scope === 'client' ? 'for each client' : 'once for the whole system'
  return `${when} ${where}, ${each}; missed times: ${catchUp}; while an earlier one is open: ${overlap}`
}

/** The jobs whose runs must have succeeded first, read off the payload of a made-up night. */
function waitsFor(job: AnyJob): string {
  if (job.schedule === null || job.schedule.cron === null) return 'depends on the payload'
  const dueAt = Temporal.Instant.from('2026-03-02T00:10:00Z')
  const made = job.schedule.payload(dueAt, { id: 'acme', timeZone: 'UTC' }, {})
  const names = job.after(made, dueAt).map((request) => request.job.name)
  return names.length === 0 ? 'nothing' : names.map((name) => `[${name}](#${name})`).join(', ')
}

function place({ memoryMaxMb }: AnyJob): string {
  if (memoryMaxMb === null) return "its worker's process"
  return `a process of its own, with at most ${memoryMaxMb} MB of memory for it and all it starts`
}

function payload(job: AnyJob): string {
  const { properties = {}, required = [] } = z.toJSONSchema(job.payload, { io: 'input', unrepresentable: 'any' })
  const fields = Object.keys(properties).map((name) =>
    required.includes(name) ? `\`${name}\`` : `\`${name}\` (optional)`,
  )
  return fields.length === 0 ? 'empty' : fields.join(', ')
}

function duration(milliseconds: number): string {
  return milliseconds % MINUTE_MS === 0 ? `${milliseconds / MINUTE_MS} min` : `${milliseconds / SECOND_MS} s`
}
