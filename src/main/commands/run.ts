import type { Command } from 'commander'
import { sql } from 'kysely'
import { InputError } from '../../errors.ts'
import { jobNamed, type RequestOptions } from '../../queues/index.ts'
import { OPERATOR } from '../operator.ts'
import { workUntilDone } from '../work-until-done.ts'
import type { CommandTools } from './command-tools.ts'

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
    .action(async (job: string, options: RunOptions) => {
      const payload = parseJson(options.payload)
      const program = await tools.openProgram()
      try {
        const request = { job: jobNamed(program.registry, job), payload }
        const { runId, created } = await program.engine.ledger.request(request, {
          origin: 'person',
          requestedBy: OPERATOR,
          again: options.again,
        })
        tools.print(`${created ? 'Planned' : 'Known'}: run ${runId} of ${job}.`)
        if (!options.wait) return
        await workUntilDone(program, sql<boolean>`r.id = ${runId}`, { signal: tools.signal })
        const run = await program.engine.ledger.find(runId)
        if (run?.state !== 'succeeded') {
          throw new InputError(
            'run-failed',
            `Run ${runId} is ${run?.state}: ${run?.errorMessage ?? 'something it waits for failed'}`,
          )
        }
        tools.print(`Succeeded at attempt ${run.attempt}.`)
      } finally {
        await program.close()
      }
    })
}

export function parseAgain(text: string): RequestOptions['again'] {
  if (text === 'no' || text === 'failed' || text === 'succeeded' || text === 'all') return text
  throw new InputError('again', `--again takes no, failed, succeeded or all, not "${text}".`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InputError('payload', `--payload is no JSON: ${(error as Error).message}`)
  }
}
