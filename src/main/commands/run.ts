import type { Command } from 'commander'
import { InputError, messageOf } from '../../errors.ts'
import { jobNamed, type RequestOptions, type RunRequest } from '../../queues/index.ts'
import { inSpan } from '../../tracing.ts'
import { OPERATOR } from '../operator.ts'
import type { Program } from '../program.ts'
import { workUntilDone } from '../work-until-done.ts'
import { recordCommand } from './command-record.ts'
import type { CommandTools } from './command-tools.ts'
import { requireClient } from './require-client.ts'

type RunOptions = { payload: string; again: RequestOptions['again']; wait: boolean }

export function runCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('run')
    .description('Run one job now, with what it stands on, and wait for it. The same job and payload twice is one run.')
    .argument('<job>', 'name of the job, such as roll-up-day (docs/jobs.md lists them)')
    .requiredOption('--payload <json>', `such as '{"clientId":"acme","day":"2026-11-20"}'`)
    .option(
      '--again <when>',
      'what to do when the run exists and has ended: no, failed, succeeded, all',
      parseAgain,
      'failed',
    )
    .option('--no-wait', 'only plan it; a running Daybreak does the work')
    .action((job: string, options: RunOptions) => runJob(tools, job, options))
}

async function runJob(tools: CommandTools, name: string, { payload, again, wait }: RunOptions): Promise<void> {
  const given = parseJson(payload)
  const program = await tools.openProgram()
  try {
    const request = { job: jobNamed(program.registry, name), payload: given }
    const clientId = clientOf(request)
    await requireClient(program.database.system, clientId)
    const intent = { action: 'request-run', target: `job:${name}`, clientId }
    const { runId, created } = await inSpan('daybreak run', {}, null, () =>
      recordCommand(program.database.system, tools, intent, async () => {
        const done = await program.engine.ledger.request(request, { origin: 'person', requestedBy: OPERATOR, again })
        const audit = { ...intent, target: `run:${done.runId}`, before: null, after: { job: name, again } }
        return { ...done, audit: done.created || again !== 'no' ? audit : null }
      }),
    )
    tools.print(`${created ? 'Planned' : 'Known'}: run ${runId} of ${name}.`)
    if (!wait) return
    await workUntilDone(program, { runIds: [runId] }, { signal: tools.signal })
    await sayHowItEnded(program, runId, tools.print)
  } finally {
    await program.close()
  }
}

/** Whose run it would be; null also for a payload that the ledger is about to refuse. */
function clientOf({ job, payload }: RunRequest): string | null {
  const { success, data } = job.payload.safeParse(payload)
  return success ? job.client(data) : null
}

async function sayHowItEnded({ engine }: Program, runId: string, print: CommandTools['print']): Promise<void> {
  const run = await engine.ledger.find(runId)
  if (run?.state === 'succeeded') return print(`Succeeded at attempt ${run.attempt}.`)
  const reason = run?.errorMessage ?? 'something it waits for failed'
  throw new InputError('run-failed', `Run ${runId} is ${run?.state}: ${reason}`)
}

function parseAgain(text: string): RequestOptions['again'] {
  if (text === 'no' || text === 'failed' || text === 'succeeded' || text === 'all') return text
  throw new InputError('again', `--again takes no, failed, succeeded or all, not "${text}".`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InputError('payload', `--payload is no JSON: ${messageOf(error)}`)
  }
}
