import { sql } from 'kysely'
import type { ClientDatabase, ClientTransaction } from '../../db/database.ts'
import { databaseSecond } from '../../db/database-second.ts'
import type { Log } from '../../log.ts'
import type { Mailer } from '../../mail/mailer.ts'
import {
  mailSending,
  type SendChange,
  type SendRows,
  type SendTools,
  sendColumns,
  sendOnce,
} from '../../mail/send-once.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { inSpan } from '../../tracing.ts'
import { composeMail } from './compose-mail.ts'
import { type Copy, readCopy } from './copy.ts'
import { issueDownloadLink, issueUnsubscribeToken } from './links.ts'

export type DeliverTools = SendTools<ClientTransaction> & {
  db: ClientDatabase
  log: Log
  storage: ObjectStore
  mailer: Mailer
  mail: { publicUrl: string; attachMaxBytes: number; linkTtlDays: number }
}

/** Sends one recipient's copy, once; none to somebody who has unsubscribed. */
export async function deliverCopy(deliveryId: string, tools: DeliverTools): Promise<void> {
  const copy = await readCopy(tools.db, deliveryId)
  if (copy.state === 'unsubscribed') return
  const { db, storage, signal, mail, log } = tools
  const sending = mailSending(tracedMailer(tools.mailer, copy), signal, {
    publicUrl: mail.publicUrl,
    now: () => databaseSecond(db),
    compose: async (identity) =>
      composeMail(copy, { ...identity, ...(await issueLinks(copy, tools)), storage, attach: isSmall(copy, tools) }),
  })
  const isSent = await sendOnce(copy, rowsOf(copy), sending, {
    ...tools,
    async tellLate(write) {
      await tools.tellLate(write)
      log.warn({ execution_id: copy.executionId }, `sent a copy of ${copy.report}, and was late to say so`)
    },
  })
  if (isSent) log.info({ execution_id: copy.executionId, files: copy.files.length }, `sent a copy of ${copy.report}`)
}

function tracedMailer(mailer: Mailer, { files }: Copy): Pick<Mailer, 'idempotent' | 'send'> {
  const attributes = { 'daybreak.files': files.length }
  return {
    idempotent: mailer.idempotent,
    send: (mail, signal) => inSpan('send mail', attributes, null, () => mailer.send(mail, signal)),
  }
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

/** The delivery in which a copy is on record. */
function rowsOf({ clientId, id }: Copy): SendRows<ClientTransaction> {
  const row = (tx: ClientTransaction) =>
    tx.updateTable('deliveries').where('client_id', '=', clientId).where('id', '=', id)
  return {
    async write(tx, change) {
      await row(tx).set(columnsOf(change)).execute()
    },
    async writeUnlessSent(tx, change) {
      const { numUpdatedRows } = await row(tx).set(columnsOf(change)).where('state', '<>', 'sent').executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async writeLate(tx, messageId, change) {
      const known = await row(tx)
        .set(columnsOf(change))
        .where('message_id', '=', messageId)
        .where('state', 'in', ['sending', 'unknown'])
        .executeTakeFirst()
      if (known.numUpdatedRows > 0n) return true
      // A person has asked for another mail meanwhile, whose fate is the copy's: this one stands beside it.
      const late = { late_message_id: messageId, late_sent_at: sql<string>`now()` }
      await row(tx).set(late).where('message_id', '<>', messageId).execute()
      return false
    },
  }
}

function columnsOf(change: SendChange) {
  return { ...sendColumns(change), ...(change.state === 'sending' && { tries: sql<number>`tries + 1` }) }
}
