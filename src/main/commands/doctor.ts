import { statfs } from 'node:fs/promises'
import type { Command } from 'commander'
import { messageOf } from '../../errors.ts'
import type { Program } from '../program.ts'
import type { CommandTools } from './command-tools.ts'

type Finding = { part: string; ok: boolean; says: string }

const DISK_MIN_BYTES = 1_000_000_000

export function doctorCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('doctor')
    .description(
      'Check every part (configuration, database, queues, storage, mail, Chromium, fonts, clock, disk) and say how to mend it.',
    )
    .action(async () => {
      const findings = await examine(tools)
      for (const { part, ok, says } of findings) tools.print(`${ok ? 'ok     ' : 'NOT OK '} ${part.padEnd(14)} ${says}`)
      if (findings.some(({ ok }) => !ok)) process.exitCode = 1
    })
}

async function examine(tools: CommandTools): Promise<Finding[]> {
  const configuration = await check('configuration', async () => `data in ${tools.config().DATA_DIR}`)
  if (!configuration.ok) return [configuration]
  let program: Program
  try {
    program = await tools.openProgram()
  } catch (error) {
    return [configuration, { part: 'start', ok: false, says: messageOf(error) }]
  }
  try {
    return [configuration, ...(await examineParts(program, tools))]
  } finally {
    await program.close()
  }
}

async function examineParts(
  { database, backend, jobTools, config, engine }: Program,
  tools: CommandTools,
): Promise<Finding[]> {
  return [
    await check('database', async () => {
      const [row] = (await database.queuePool.query<{ v: string }>('select version() as v')).rows
      return `${config.DATABASE_URL === undefined ? 'embedded, ' : ''}${row?.v.split(' on ')[0]}`
    }),
    await check('queues', async () => {
      await backend.check().catch((error: unknown) => {
        throw new Error(
          backend.kind === 'postgres'
            ? messageOf(error)
            : `Redis gives no answer (${messageOf(error)}): see that it runs, and that REDIS_URL is right`,
        )
      })
      return `on ${backend.kind}`
    }),
    await check('storage', async () => {
      await jobTools.storage.check()
      return config.S3_BUCKET === undefined ? 'folder' : `bucket ${config.S3_BUCKET}`
    }),
    await check('mail', async () => {
      await jobTools.mailer.check()
      return config.SMTP_URL === undefined ? 'outbox folder' : 'mail server answers'
    }),
    await check('chromium', async () => {
      await jobTools.printer.check()
      return 'prints a page'
    }),
    await check('clock', async () => {
      const refusal = await engine.checkClock()
      if (refusal !== null) throw new Error(refusal)
      return 'agrees with the database'
    }),
    await check('disk', async () => {
      const { bavail, bsize } = await statfs(config.DATA_DIR)
      const free = bavail * bsize
      if (free < DISK_MIN_BYTES)
        throw new Error(`only ${Math.round(free / 1e6)} MB free in ${config.DATA_DIR}; make room`)
      return `${Math.round(free / 1e9)} GB free`
    }),
    await check('clients', async () => {
      const { n } = await database.system
        .selectFrom('clients')
        .select((e) => e.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
      return n === 0 ? 'none yet: daybreak client add' : `${n}`
    }),
    await check(
      'board',
      async () =>
        `${config.HOST}:${config.PORT}, ${tools.config().PUBLIC_URL ?? 'no PUBLIC_URL: links in mails lead to this machine'}`,
    ),
  ]
}

async function check(part: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { part, ok: true, says: await work() }
  } catch (error) {
    return { part, ok: false, says: messageOf(error) }
  }
}
