import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import postalMime from 'postal-mime'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import type { Mailer } from '../../src/mail/mailer.ts'
import { openOutbox } from '../../src/mail/outbox.ts'
import type { SendRecord } from '../../src/mail/send-once.ts'
import { openSmtp } from '../../src/mail/smtp.ts'
import { deliverCopy } from '../../src/reports/deliver/deliver-copy.ts'
import { followDownloadLink, unsubscribe } from '../../src/reports/deliver/links.ts'
import { openFolderStore } from '../../src/storage/folder-store.ts'
import { systemClock } from '../../src/time.ts'
import { emptyDatabase } from '../support/empty-database.ts'
import { given } from '../support/given.ts'
import { givenReportSchedule } from '../support/report-schedules.ts'
import { startSmtpServer } from '../support/smtp.ts'
import { createTestDatabase } from '../support/test-database.ts'

const { database } = await createTestDatabase()
const system = database.system
const folder = await mkdtemp(join(tmpdir(), 'daybreak-deliver-'))
const storage = openFolderStore(join(folder, 'reports'))
const server = await startSmtpServer()
const smtp = openSmtp(server.url, { from: 'Daybreak <reports@daybreak.example>' })
const FILE = 'net revenue 42.00'

afterAll(async () => {
  await smtp.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  await emptyDatabase(system)
  await given.client(system, { name: 'Acme & Sons' })
  server.received.length = 0
  server.behave(() => ({ kind: 'accept' }))
})

/** A finished execution with one file, and one delivery of it. */
async function givenDelivery(
  row: { state?: SendRecord['state']; message_id?: string; message_date?: string } = {},
): Promise<string> {
  const executionId = randomUUID()
  const objectKey = `acme/${executionId}/report.csv`
  const stored = await storage.put(objectKey, Readable.from([FILE]), { mediaType: 'text/csv' })
  await system
    .insertInto('executions')
    .values({
      client_id: 'acme',
      id: executionId,
      report: 'monthly-revenue',
      schedule_id: 'report.acme.monthly',
      window_from: '2026-10-01',
      window_to: '2026-11-01',
      time_zone: 'UTC',
      currency: 'EUR',
      state: 'completed',
      data_as_of: '2026-11-01T00:10:00Z',
      figures: JSON.stringify([{ label: 'Net revenue', type: 'money', value: 4200 }]),
    })
    .execute()
  await system
    .insertInto('execution_files')
    .values({
      client_id: 'acme',
      execution_id: executionId,
      format: 'csv',
      object_key: objectKey,
      file_name: 'acme_monthly-revenue_2026-10.csv',
      media_type: 'text/csv',
      size_bytes: stored.sizeBytes,
      sha256: stored.sha256,
    })
    .execute()
  const { id } = await system
    .insertInto('deliveries')
    .values({ client_id: 'acme', execution_id: executionId, address: 'finance@acme.example', formats: ['csv'], ...row })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

function deliver(
  deliveryId: string,
  options: {
    mailer?: Mailer
    attachMaxBytes?: number
    askedAt?: string
    isLastTry?: boolean
    /** Another worker has taken the run over when it ends. */
    isTakenOver?: boolean
  } = {},
): Promise<void> {
  const db = database.forClient('acme')
  const transact = <T>(write: (tx: never) => Promise<T>) => db.transaction().execute((tx) => write(tx as never))
  return deliverCopy(deliveryId, {
    db,
    signal: new AbortController().signal,
    askedAt: options.askedAt ?? systemClock().toString(),
    isLastTry: options.isLastTry ?? false,
    log: createLog('silent'),
    checkpoint: transact,
    commit: options.isTakenOver === true ? () => Promise.reject(new Error('taken over')) : transact,
    tellLate: async (write) => void (await transact(write)),
    storage,
    mailer: options.mailer ?? smtp,
    mail: {
      publicUrl: 'https://reports.acme.example',
      attachMaxBytes: options.attachMaxBytes ?? 7_000_000,
      linkTtlDays: 30,
    },
  })
}

function deliveryRow(id: string) {
  return system
    .selectFrom('deliveries')
    .select(['state', 'tries', 'message_id', 'message_date', 'unsubscribe_hash'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
}

test('a copy says what it is about, carries its file, and is sent once however often it is asked for', async () => {
  const id = await givenDelivery()
  await deliver(id)
  await deliver(id)
  expect(server.received).toHaveLength(1)
  const mail = await postalMime.parse(server.received[0]?.raw ?? '')
  expect(mail.subject).toBe('[Acme & Sons] Monthly revenue – October 2026 – FINAL')
  expect(mail.text).toContain('Net revenue: €42.00')
  expect(mail.html).toContain('Acme &amp; Sons')
  expect(
    mail.attachments.map(({ filename, content }) => [filename, Buffer.from(content as ArrayBuffer).toString()]),
  ).toEqual([['acme_monthly-revenue_2026-10.csv', FILE]])
  expect(await deliveryRow(id)).toMatchObject({ state: 'sent', tries: 1, message_id: server.received[0]?.messageId })
})

test('a temporary refusal is tried again with the same Message-ID and date', async () => {
  const id = await givenDelivery()
  server.behave(() => ({ kind: 'refuse', code: 450, text: 'try later' }))
  await expect(deliver(id)).rejects.toThrow()
  const first = await deliveryRow(id)
  expect(first).toMatchObject({ state: 'pending', tries: 1 })
  server.behave(() => ({ kind: 'accept' }))
  await deliver(id)
  expect(await deliveryRow(id)).toMatchObject({
    state: 'sent',
    tries: 2,
    message_id: first.message_id,
    message_date: first.message_date,
  })
})

test('a temporary refusal of the last try leaves a copy that was not sent, not one that waits', async () => {
  const id = await givenDelivery()
  server.behave(() => ({ kind: 'refuse', code: 450, text: 'try later' }))
  await expect(deliver(id, { isLastTry: true })).rejects.toThrow()
  expect(await deliveryRow(id)).toMatchObject({ state: 'failed', tries: 1 })
})

test('a permanent refusal is final; a retry after it is a new mail', async () => {
  const id = await givenDelivery()
  server.behave(() => ({ kind: 'refuse', code: 550, text: 'no such mailbox' }))
  await expect(deliver(id)).rejects.toMatchObject({ name: 'PermanentError', code: 'mail-refused' })
  const refused = await deliveryRow(id)
  expect(refused.state).toBe('failed')
  server.behave(() => ({ kind: 'accept' }))
  await deliver(id, { askedAt: systemClock().add({ seconds: 1 }).toString() })
  const sent = await deliveryRow(id)
  expect(sent.state).toBe('sent')
  expect(sent.message_id).not.toBe(refused.message_id)
})

test('when the server takes the mail and falls silent nobody knows, and nothing is resent by itself', async () => {
  const id = await givenDelivery()
  server.behave(() => ({ kind: 'drop' }))
  await expect(deliver(id)).rejects.toMatchObject({ code: 'delivery-unknown' })
  expect(await deliveryRow(id)).toMatchObject({ state: 'unknown', tries: 1 })
  expect(server.received).toHaveLength(1)
})

test('a worker that died while sending leaves a mail nobody knows about: unknown by SMTP, sent again where twice is once', async () => {
  const died = { state: 'sending', message_id: '<one@acme.example>', message_date: '2026-11-01T06:00:00Z' } as const
  const bySmtp = await givenDelivery(died)
  await expect(deliver(bySmtp)).rejects.toMatchObject({ code: 'delivery-unknown' })
  expect(server.received).toEqual([])
  const byOutbox = await givenDelivery(died)
  await deliver(byOutbox, {
    mailer: openOutbox(join(folder, 'outbox'), { from: 'Daybreak <reports@daybreak.example>' }),
  })
  expect(await deliveryRow(byOutbox)).toMatchObject({ state: 'sent', message_id: died.message_id })
})

test('an answer that comes when another worker has given the mail up as unknown makes it sent', async () => {
  const id = await givenDelivery()
  server.behave(async () => {
    await expect(deliver(id)).rejects.toMatchObject({ code: 'delivery-unknown' })
    return { kind: 'accept' }
  })
  await expect(deliver(id, { isTakenOver: true })).rejects.toThrow('taken over')
  expect(await deliveryRow(id)).toMatchObject({ state: 'sent', message_id: server.received[0]?.messageId })
  await deliver(id)
  expect(server.received).toHaveLength(1)
})

test('a late answer to the first of two mails stands beside the second one', async () => {
  const id = await givenDelivery()
  let first = true
  server.behave(async () => {
    if (!first) return { kind: 'accept' }
    first = false
    await expect(deliver(id)).rejects.toMatchObject({ code: 'delivery-unknown' })
    await deliver(id, { askedAt: systemClock().add({ seconds: 1 }).toString() })
    return { kind: 'accept' }
  })
  await expect(deliver(id, { isTakenOver: true })).rejects.toThrow('taken over')
  const [early, second] = server.received
  const row = await system
    .selectFrom('deliveries')
    .select(['state', 'message_id', 'late_message_id', 'late_sent_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  expect(new Set([early?.messageId, second?.messageId])).toEqual(new Set([row.message_id, row.late_message_id]))
  expect(row).toMatchObject({ state: 'sent', late_sent_at: expect.any(String) })
})

test.each(['unknown', 'failed'] as const)(
  'a run given back or rescued finds its copy %s and sends nothing; a person’s retry does',
  async (state) => {
    const id = await givenDelivery({ state, message_id: '<one@acme.example>', message_date: '2026-11-01T06:00:00Z' })
    await expect(deliver(id, { askedAt: '2026-11-01T05:59:00Z' })).rejects.toMatchObject({ name: 'PermanentError' })
    expect(server.received).toEqual([])
    expect((await deliveryRow(id)).state).toBe(state)
    await deliver(id)
    expect(server.received).toHaveLength(1)
    expect((await deliveryRow(id)).message_id).not.toBe('<one@acme.example>')
  },
)

test('files too large to attach are linked, and the link leads to the file until it expires', async () => {
  const id = await givenDelivery()
  await deliver(id, { attachMaxBytes: 3 })
  const mail = await postalMime.parse(server.received[0]?.raw ?? '')
  expect(mail.attachments).toEqual([])
  const token = /https:\/\/reports\.acme\.example\/d\/([\w-]+)/.exec(mail.text ?? '')?.[1] ?? ''
  expect(await followDownloadLink(system, token)).toMatchObject({
    clientId: 'acme',
    format: 'csv',
    sizeBytes: FILE.length,
  })
  expect(await followDownloadLink(system, 'made-up')).toBe('unknown')
  await system.updateTable('download_links').set({ expires_at: '2020-01-01T00:00:00Z' }).execute()
  expect(await followDownloadLink(system, token)).toBe('expired')
  const downloads = await system.selectFrom('download_links').select('downloads').execute()
  expect(downloads).toEqual([{ downloads: 1 }])
})

test('whoever unsubscribes is on record, once, for that schedule', async () => {
  for (const name of ['monthly', 'weekly'])
    await givenReportSchedule(system, { name, recipients: [{ address: 'Finance@acme.example', formats: ['csv'] }] })
  await deliver(await givenDelivery())
  const token = /\/u\/([\w-]+)/.exec((await postalMime.parse(server.received[0]?.raw ?? '')).text ?? '')?.[1] ?? ''
  expect(await unsubscribe(system, token)).toMatchObject({ report: 'monthly-revenue', done: true })
  await unsubscribe(system, token)
  const rows = await system
    .selectFrom('schedule_recipients')
    .select(['schedule_id', 'address', sql<boolean>`unsubscribed_at is not null`.as('isOut')])
    .orderBy('schedule_id')
    .execute()
  expect(rows).toEqual([
    { schedule_id: 'report.acme.monthly', address: 'finance@acme.example', isOut: true },
    { schedule_id: 'report.acme.weekly', address: 'finance@acme.example', isOut: false },
  ])
})
