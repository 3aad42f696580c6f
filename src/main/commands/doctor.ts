import { statfs } from 'node:fs/promises'
import type { Command } from 'commander'
import { messageOf } from '../../errors.ts'
import { evictionWords } from '../../queues/index.ts'
import type { Program } from '../program.ts'
import type { CommandTools } from './command-tools.ts'

type Finding = { part: string; ok: boolean; says: string }

const DISK_MIN_BYTES = 1_000_000_000
/** One word for each script that people's names are written in. */
const EVERY_SCRIPT = 'Zoë Ωμέγα Жанна नमस्ते سلام שלום สวัสดี 日本 语言 한국 → ☎ 😀'

export function doctorCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('doctor')
    .description(
      'Check every part (configuration, database, queues, storage, mail, Chromium, fonts, clock, disk) and say how to fix it.',
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
    const findings = [configuration]
    for (const [part, look] of Object.entries(PARTS)) findings.push(await check(part, () => look(program)))
    return findings
  } finally {
    await program.close()
  }
}

async function check(part: string, look: () => Promise<string>): Promise<Finding> {
  try {
    return { part, ok: true, says: await look() }
  } catch (error) {
    return { part, ok: false, says: messageOf(error) }
  }
}

/** What there is to look at. Each says how it is, or throws what is wrong with it and how to fix it. */
const PARTS: Record<string, (program: Program) => Promise<string>> = {
  async database({ database, config }) {
    const { rows } = await database.queuePool.query<{ version: string; superuser: boolean }>(
      'select version(), rolsuper as superuser from pg_roles where rolname = session_user',
    )
    const more = rows[0]?.superuser === true ? '; signs in as a superuser, which it need not be' : ''
    return `${config.DATABASE_URL === undefined ? 'embedded, ' : ''}${rows[0]?.version.split(' on ')[0]}${more}`
  },
  async queues({ backend }) {
    const { server, evicts } = await backend.examine()
    if (evicts !== null) throw new Error(evictionWords(evicts))
    return `on ${server}`
  },
  async storage({ jobTools, config }) {
    await jobTools.storage.check()
    return config.S3_BUCKET === undefined ? 'folder' : `bucket ${config.S3_BUCKET}`
  },
  async mail({ jobTools, config }) {
    await jobTools.mailer.check()
    return config.SMTP_URL === undefined ? 'outbox folder' : 'mail server answers'
  },
  async chromium({ jobTools }) {
    await jobTools.printer.check()
    return 'prints a page'
  },
  async fonts({ jobTools }) {
    const { missing } = await jobTools.fonts.facesFor(EVERY_SCRIPT, 'en')
    if (missing.length > 0) throw new Error(`nothing shows ${missing.join(' ')}: install the npm packages again`)
    return 'Latin, Greek, Cyrillic, Devanagari, Arabic, Hebrew, Thai, Japanese, Chinese, Korean, symbols'
  },
  async clock({ engine }) {
    const refusal = await engine.checkClock()
    if (refusal !== null) throw new Error(refusal)
    return 'agrees with the database'
  },
  async disk({ config }) {
    const { bavail, bsize } = await statfs(config.DATA_DIR)
    const free = bavail * bsize
    if (free < DISK_MIN_BYTES)
      throw new Error(`only ${Math.round(free / 1e6)} MB free in ${config.DATA_DIR}: make room, or set DATA_DIR`)
    return `${Math.round(free / 1e9)} GB free`
  },
  async clients({ database }) {
    const { n } = await database.system
      .selectFrom('clients')
      .select((e) => e.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
    return n === 0 ? 'none yet: daybreak client add' : `${n}`
  },
  async board({ config }) {
    return `${config.HOST}:${config.PORT}, ${config.PUBLIC_URL ?? 'no PUBLIC_URL: links in mails lead to this machine'}`
  },
}
