import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, expect, vi } from 'vitest'
import { alertKinds } from '../../src/alerts/index.ts'
import { type AlertOptions } from '../../src/alerts/raise.ts'
import { postAlert } from '../../src/jobs/post-alert.ts'
import { openSmtp } from '../../src/mail/smtp.ts'
import { openWebhook } from '../../src/mail/webhook.ts'
import { type AnyJob, createRegistry } from '../../src/queues/index.ts'
import { ownersOfReports } from '../../src/reports/execution/report-owners.ts'
import { MINUTE_MS } from '../../src/time.ts'
import { emptyDatabase } from './empty-database.ts'
import { given } from './given.ts'
import { PATIENCE } from './patience.ts'
import { startSmtpServer } from './smtp.ts'
import { createTestDatabase } from './test-database.ts'
import { openTestEngine, testJob } from './test-engine.ts'
import { startWebhookReceiver } from './webhook-receiver.ts'

/** Runs, schedules and receivers that alerts are about and go to. */

export const { database } = await createTestDatabase({ connectionsMax: 16 })

export const db = database.system

export const server = await startSmtpServer()

export const receiver = await startWebhookReceiver()

export const SECRET = `whsec_${Buffer.from('a secret of twenty-four bytes and more').toString('base64')}`

const mailer = openSmtp(server.url, { from: 'Daybreak <alerts@daybreak.example>' })

export const webhook = openWebhook({ url: receiver.url, secret: SECRET, timeoutMs: PATIENCE.timeout })

/** The job as it is, with the tools of this test and less patience. */
export const quickPost: AnyJob = {
  ...postAlert,
  retry: { attempts: 8, delayMs: 20, maxDelayMs: 50 },
  run: (payload, context) =>
    postAlert.run(payload, { ...context, database, mailer, webhook, mail: { publicUrl: 'https://board.example' } }),
}

export const rollUp = testJob('roll-up-day', async () => {}, { timeoutMs: 5 * MINUTE_MS })

export const MAIL = { channel: 'mail', address: 'night@acme.example' } as const

export function options(change: Partial<AlertOptions> = {}): AlertOptions {
  const registry = createRegistry([rollUp, quickPost])
  const rest = { queueAgeMs: 15 * MINUTE_MS, postAlert: quickPost, owners: { run: ownersOfReports } }
  return { db, kinds: alertKinds, registry, receivers: [MAIL], ...rest, ...change }
}

afterAll(async () => {
  await mailer.close()
  await server.stop()
  await receiver.stop()
})

beforeEach(async () => {
  await emptyDatabase(db)

  await given.client(db)
  await db.insertInto('nodes').values({ id: 'alive' }).execute()
  server.received.length = 0
  receiver.received.length = 0
  server.behave(() => ({ kind: 'accept' }))
  receiver.answer(() => ({ status: 204 }))
})

export const ago = (minutes: number) =>
  Temporal.Now.instant()
    .subtract({ seconds: Math.round(minutes * 60) })
    .toString()

let serial = 0

export async function givenRun(row: Record<string, unknown> = {}): Promise<string> {
  serial += 1
  const id = randomUUID()
  const values = {
    id,
    job: 'roll-up-day',
    key: `acme.${serial}`,
    queue: 'aggregation',
    client_id: 'acme',
    payload: '{}',
  }
  await db
    .insertInto('runs')
    .values({ ...values, origin: 'schedule', ...row })
    .execute()
  return id
}

export const FAILED = {
  state: 'failed',
  attempt: 5,
  failures: 5,
  finished_at: ago(1),
  error_code: 'error',
  error_message: 'no space left',
} as const

export async function openAlerts() {
  const rows = await db
    .selectFrom('alerts')
    .select(['kind', 'subject_id', 'episode', 'title'])
    .where('resolved_at', 'is', null)
    .orderBy('kind')
    .execute()
  return rows.map(({ kind, subject_id, episode, title }) => [
    kind,
    episode === '' ? subject_id : `${subject_id}.${episode}`,
    title,
  ])
}

/** Lets an engine do whatever is planned, and ends it when every post has ended. */
export async function doPosts(kind: 'postgres' | 'redis' = 'postgres', more: AnyJob[] = []): Promise<void> {
  const { engine, close } = await openTestEngine(kind, database, [quickPost, ...more])
  await engine.startWorkers()
  try {
    await vi.waitFor(async () => {
      await engine.tick()
      const open = await db
        .selectFrom('runs')
        .select('id')
        .where('job', '=', 'post-alert')
        .where('state', 'in', ['planned', 'queued', 'running'])
        .execute()
      expect(open).toEqual([])
    }, PATIENCE)
  } finally {
    await close()
  }
}
