import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, expect, inject, test } from 'vitest'
import { jobs } from '../../src/jobs/index.ts'
import { renderReport } from '../../src/jobs/render-report.ts'
import { createLog } from '../../src/log.ts'
import { createRegistry, planNight } from '../../src/queues/index.ts'
import { syncSchedules } from '../../src/queues/schedule.ts'
import { syncSubscriptionSchedules } from '../../src/reports/subscriptions.ts'
import { addDays, dayBefore, SECOND_MS, systemClock } from '../../src/time.ts'
import { given } from '../support/given.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { freshPrefix } from '../support/test-engine.ts'

const HISTORY_DAYS = 70
const KILLS = 8
const NIGHT_DEADLINE_MS = 150 * SECOND_MS

const { database, url } = await createTestDatabase({ connectionsMax: 4 })
const db = database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-kill-'))
let child: ChildProcess | null = null

afterAll(async () => {
  child?.kill('SIGKILL')
  // Its Chromium notices that nobody holds the pipe, and needs a moment to be gone.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 })
})

/** Seventy days with a few calls and orders each, and two reports with two recipients each. */
async function makeWorld(lastDay: string): Promise<void> {
  await given.client(db, { time_zone: 'Europe/Berlin' })
  const days = Array.from({ length: HISTORY_DAYS }, (_, back) => addDays(lastDay, -back))
  await given.calls(
    db,
    days.flatMap((day) =>
      [9, 11, 15].map(
        (hour) => [`${day}T${String(hour).padStart(2, '0')}:00:00Z`, { talk_s: 60 * hour }] as [string, object],
      ),
    ),
  )
  await given.payments(
    db,
    days.map(
      (day) => [`${day}T10:00:00Z`, { amount_minor: 1999, customer_id: `c-${day.slice(-2)}` }] as [string, object],
    ),
  )
  const recipients = JSON.stringify(
    ['a', 'b'].map((name) => ({ address: `${name}@acme.example`, formats: ['pdf', 'xlsx'] })),
  )
  for (const [id, report] of [
    ['daily', 'performance'],
    ['daily-revenue', 'monthly-revenue'],
  ] as const) {
    await db
      .insertInto('report_subscriptions')
      .values({
        client_id: 'acme',
        id,
        report,
        period: 'yesterday',
        cron: '30 5 * * *',
        formats: ['pdf', 'xlsx', 'csv', 'html', 'json'],
        recipients,
      })
      .execute()
  }
}

function startProcess(backend: string): ChildProcess {
  const settings = {
    DATABASE_URL: url,
    DATA_DIR: folder,
    LOG_LEVEL: 'warn',
    ...(backend === 'redis' ? { REDIS_URL: inject('redisUrl'), QUEUE_PREFIX: prefix } : {}),
  }
  return spawn(process.execPath, ['src/main/daybreak.ts', 'start', '--roles', 'scheduler,worker'], {
    env: { PATH: process.env['PATH'], HOME: folder, ...settings },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

const prefix = freshPrefix()

async function openRuns(): Promise<number> {
  const { rows } = await sql<{
    n: number
  }>`select count(*)::int as n from runs where state in ('planned', 'queued', 'running')`.execute(db)
  return rows[0]?.n ?? 0
}

test.each(['postgres', 'redis'])(
  'on %s, a process killed again and again through the night: every run ends, every report exists once, every mail is sent once',
  async (backend) => {
    await db.deleteFrom('clients').execute()
    await db.deleteFrom('runs').execute()
    await rm(join(folder, 'outbox'), { recursive: true, force: true })
    const lastDay = dayBefore(systemClock(), 'Europe/Berlin')
    await makeWorld(lastDay)
    const registry = createRegistry(jobs)
    await syncSubscriptionSchedules(db, renderReport)
    await syncSchedules(db, registry, createLog('silent'))
    await planNight(db, registry, 'acme', lastDay)

    const startedAt = performance.now()
    for (let kill = 0; kill < KILLS && (kill === 0 || (await openRuns()) > 0); kill += 1) {
      child = startProcess(backend)
      await sleep(900 + ((kill * 811) % 1700))
      child.kill('SIGKILL')
    }
    child = startProcess(backend)
    while ((await openRuns()) > 0 && performance.now() - startedAt < NIGHT_DEADLINE_MS) await sleep(250)
    child.kill('SIGTERM')
    await once(child, 'exit')

    const states =
      await sql`select job, state, count(*)::int as runs from runs group by job, state order by job`.execute(db)
    expect(states.rows).toEqual([
      { job: 'deliver-copy', state: 'succeeded', runs: 4 },
      { job: 'forecast-call-volume', state: 'succeeded', runs: 1 },
      { job: 'refresh-tiers', state: 'succeeded', runs: 1 },
      { job: 'render-report', state: 'succeeded', runs: 2 },
      { job: 'roll-up-day', state: 'succeeded', runs: HISTORY_DAYS },
    ])
    const executions = await db.selectFrom('executions').select(['report', 'state']).orderBy('report').execute()
    expect(executions).toEqual([
      { report: 'monthly-revenue', state: 'completed' },
      { report: 'performance', state: 'completed' },
    ])
    const files = await db.selectFrom('execution_files').select('object_key').orderBy('object_key').execute()
    expect(files).toHaveLength(10)
    const mails = (await readdir(join(folder, 'outbox'))).filter((name) => name.endsWith('.eml'))
    const ids = await Promise.all(
      mails.map(async (name) => /^Message-ID: (.+)$/im.exec(await readFile(join(folder, 'outbox', name), 'utf8'))?.[1]),
    )
    const deliveries = await db.selectFrom('deliveries').select(['state', 'message_id']).execute()
    expect(deliveries.map(({ state }) => state)).toEqual(['sent', 'sent', 'sent', 'sent'])
    expect(new Set(ids)).toEqual(new Set(deliveries.map(({ message_id }) => message_id)))
    expect(ids).toHaveLength(4)
  },
  180_000,
)
