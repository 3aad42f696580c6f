import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { ClientDatabase, ClientTransaction } from '../../db/database.ts'
import { PermanentError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { isAskedAgain } from '../../mail/asked-again.ts'
import type { Mail, Mailer } from '../../mail/mailer.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { inSpan } from '../../tracing.ts'
import { composeMail } from './compose-mail.ts'
import { type Copy, readCopy } from './copy.ts'
import { issueDownloadLink, issueUnsubscribeToken } from './links.ts'

export type DeliverTools = {
  db: ClientDatabase
  signal: AbortSignal
  log: Log
  /** When this delivery was last asked for; what was tried since then is nothing that a person wants again. */
  askedAt: string
  /** A refusal for now is one for good: the mail will not be tried again. */
  isLastTry: boolean
  /** A transaction before the outside world is touched. */
  checkpoint(write: (tx: ClientTransaction) => Promise<void>): Promise<void>
  /** The last transaction. */
  commit(write: (tx: ClientTransaction) => Promise<void>): Promise<void>
  /** A transaction in spite of another worker that has taken the copy over; says whether it changed the copy. */
  tellLate(write: (tx: ClientTransaction) => Promise<boolean>): Promise<void>
  storage: ObjectStore
  mailer: Mailer
  mail: { publicUrl: string; attachMaxBytes: number; linkTtlDays: number }
}

/**
 * Sends one recipient's copy, once. The delivery is on record as `sending` before the mail leaves and as `sent` after the server took
 * it. Whoever finds it `sending` knows that a worker died in between: unless the mailer drops a second copy by itself, it becomes
 * `unknown`, is shown, and is never resent by itself. A person's retry is a new mail with a Message-ID of its own. A worker that was
 * believed dead and hears the server's answer after all writes it down, so that what was unknown is known.
 */
export async function deliverCopy(deliveryId: string, tools: DeliverTools): Promise<void> {
  const copy = await readCopy(tools.db, deliveryId)
  if (copy.state === 'sent' || copy.state === 'unsubscribed') return
  if (copy.state === 'sending' && !tools.mailer.idempotent) {
    return giveUpAsUnknown(copy, tools, 'the worker died while it was sending')
  }
  // How it ended was written down, and the run did not end with it (its worker died, or was told to stop): nobody asks for another mail.
  if (copy.state === 'unknown' && !isAskedAgain(copy.messageDate, tools.askedAt))
    return giveUpAsUnknown(copy, tools, copy.reply ?? 'the server fell silent')
  if (copy.state === 'failed' && !isAskedAgain(copy.messageDate, tools.askedAt))
    throw new PermanentError('mail-refused', copy.reply ?? 'the mail was refused')
  const mail = await prepare(copy, tools)
  await send(copy, mail, tools)
}

/** Chooses Message-ID and date, kept for every automatic try; a try after `failed` or `unknown` is a person's and gets new ones. */
async function prepare(copy: Copy, tools: DeliverTools): Promise<Mail> {
  const deliberate = copy.state === 'failed' || copy.state === 'unknown'
  const identity = {
    messageId:
      deliberate || copy.messageId === null
        ? `<${randomUUID()}@${new URL(tools.mail.publicUrl).hostname}>`
        : copy.messageId,
    date: deliberate || copy.messageDate === null ? await databaseNow(tools.db) : copy.messageDate,
  }
  const links = await issueLinks(copy, tools)
  const mail = await composeMail(copy, { ...identity, ...links, storage: tools.storage, attach: isSmall(copy, tools) })
  await tools.checkpoint((tx) =>
    updateDelivery(tx, copy, {
      state: 'sending',
      message_id: identity.messageId,
      message_date: identity.date,
      tries: sql`tries + 1`,
    }),
  )
  return mail
}

function isSmall(copy: Copy, { mail }: DeliverTools): boolean {
  return copy.files.reduce((sum, file) => sum + file.sizeBytes, 0) <= mail.attachMaxBytes
}

async function issueLinks(copy: Copy, { db, mail }: DeliverTools) {
  const { clientId, executionId, id: deliveryId } = copy
  const downloads = new Map<string, string>()
  for (const { format } of copy.files) {
    const token = await issueDownloadLink(db, { clientId, executionId, format, deliveryId, ttlDays: mail.linkTtlDays })
    downloads.set(format, `${mail.publicUrl}/d/${token}`)
  }
  const token = await issueUnsubscribeToken(db, { clientId, deliveryId })
  return { downloads, linkTtlDays: mail.linkTtlDays, unsubscribeUrl: `${mail.publicUrl}/u/${token}` }
}

async function send(copy: Copy, mail: Mail, tools: DeliverTools): Promise<void> {
  const files = { 'daybreak.files': copy.files.length }
  const sending = inSpan('send mail', files, null, () => tools.mailer.send(mail, tools.signal))
  const result = await sending.catch(async (error: unknown) => {
    // The server did not take it, for now or for good: on record before the engine decides about another try.
    const isFinal = error instanceof PermanentError || (tools.isLastTry && !tools.signal.aborted)
    const state = isFinal ? 'failed' : 'pending'
    await tools.checkpoint((tx) => updateDelivery(tx, copy, { state, reply: (error as Error).message }))
    throw error
  })
  if (result.outcome === 'unknown') return giveUpAsUnknown(copy, tools, result.reply)
  const sent = { state: 'sent', sent_at: sql`now()`, reply: result.reply }
  await tools
    .commit((tx) => updateDelivery(tx, copy, sent))
    .catch(async (error: unknown) => {
      await tools.tellLate((tx) => noteLateAnswer(tx, copy, { messageId: mail.messageId, sent }))
      tools.log.warn({ execution_id: copy.executionId }, `sent a copy of ${copy.report}, and was late to say so`)
      throw error
    })
  tools.log.info({ execution_id: copy.executionId, files: copy.files.length }, `sent a copy of ${copy.report}`)
}

/** The copy is sent, unless a person has asked for another mail meanwhile: then that one's fate is the copy's, and this one stands beside it. */
async function noteLateAnswer(
  tx: ClientTransaction,
  { clientId, id }: Copy,
  { messageId, sent }: { messageId: string; sent: Record<string, unknown> },
): Promise<boolean> {
  const row = tx.updateTable('deliveries').where('client_id', '=', clientId).where('id', '=', id)
  const known = await row
    .set(sent)
    .where('message_id', '=', messageId)
    .where('state', 'in', ['sending', 'unknown'])
    .executeTakeFirst()
  if (known.numUpdatedRows > 0n) return true
  await row.set({ late_message_id: messageId, late_sent_at: sql`now()` }).where('message_id', '<>', messageId).execute()
  return false
}

/** Unless the worker that was believed dead has told meanwhile that the server took it. */
async function giveUpAsUnknown({ clientId, id }: Copy, { checkpoint }: DeliverTools, reason: string): Promise<void> {
  const found = { isUnknown: true }
  await checkpoint(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('deliveries')
      .set({ state: 'unknown', reply: reason })
      .where('client_id', '=', clientId)
      .where('id', '=', id)
      .where('state', '<>', 'sent')
      .executeTakeFirst()
    found.isUnknown = numUpdatedRows > 0n
  })
  if (!found.isUnknown) return
  throw new PermanentError(
    'delivery-unknown',
    `nobody knows whether the mail was taken (${reason}); ask the recipient, then retry to send it again or leave it`,
  )
}

async function updateDelivery(tx: ClientTransaction, copy: Copy, change: Record<string, unknown>): Promise<void> {
  await tx
    .updateTable('deliveries')
    .set(change)
    .where('client_id', '=', copy.clientId)
    .where('id', '=', copy.id)
    .execute()
}

async function databaseNow(db: ClientDatabase): Promise<string> {
  const { rows } = await sql<{ now: string }>`select date_trunc('second', now()) as now`.execute(db)
  return rows[0]?.now ?? ''
}
