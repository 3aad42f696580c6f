import { randomUUID } from 'node:crypto'
import { type RawBuilder, type Selectable, sql } from 'kysely'
import type { Code } from '../codes/index.ts'
import type { DB } from '../db/schema.ts'
import { messageOf, PermanentError, RetryLaterError } from '../errors.ts'
import { isAskedAgain } from './asked-again.ts'
import type { Mail, Mailer, SendResult } from './mailer.ts'

/** What is on record of one message to one recipient. `unsubscribed`: they do not want it any more. */
export type SendRecord = {
  state: Selectable<DB['deliveries' | 'alert_notices']>['state']
  /** What was said to the last try. */
  reply: string | null
  messageId: string | null
  /** When the message was made; an instant, to the second. */
  messageDate: string | null
}

/** Which message it is. `isNew`: a person asked for it after one that failed, or whose fate nobody knows. */
export type Identity = { messageId: string; messageDate: string; isNew: boolean }

export type SendChange =
  | ({ state: 'sending' } & Identity)
  | { state: 'sent' | 'pending' | 'failed' | 'unknown'; reply: string }

/** The rows in which a message is on record. Each change is one transaction of the run that sends. */
export type SendRows<Tx> = {
  write(tx: Tx, change: SendChange): Promise<void>
  /**
   * Leaves a record that is `sent` alone: the worker that was believed dead may have told meanwhile. Says whether it
   * wrote.
   */
  writeUnlessSent(tx: Tx, change: SendChange): Promise<boolean>
  /**
   * Writes only where the record is `sending` or `unknown` and of this message. A person may have asked for another
   * meanwhile, whose fate is the record's: then it leaves the state alone. Says whether the state is written.
   */
  writeLate(tx: Tx, messageId: string, change: SendChange): Promise<boolean>
}

/** A message, and the way it goes. */
export type Sending = {
  /** Sending a message twice is the same as once, so one whose end nobody saw may be sent again. */
  isIdempotent: boolean
  /** The code of the error of a message that was refused for good. */
  refusedCode: Code
  newId(): string
  /** By the database's clock, to the second. */
  now(): Promise<string>
  /** Makes the message, before anything is on record; what is returned sends it. */
  compose(identity: Identity): Promise<() => Promise<SendResult>>
}

/** What the engine gives the run that sends. */
export type SendTools<Tx> = {
  signal: AbortSignal
  /** When the message was last asked for; what was tried since then is nothing that a person wants again. */
  askedAt: string
  /** A refusal for now is one for good: there is no other try. */
  isLastTry: boolean
  /** A transaction before the outside world is touched. */
  checkpoint(write: (tx: Tx) => Promise<void>): Promise<void>
  /** The last transaction. */
  commit(write: (tx: Tx) => Promise<void>): Promise<void>
  /** A transaction in spite of another worker that has taken the run over; says whether it changed the record. */
  tellLate(write: (tx: Tx) => Promise<boolean>): Promise<void>
}

/**
 * Sends a message, once. It is on record as `sending` before it leaves and as `sent` after it was taken. Whoever finds
 * it `sending` knows that a worker died in between: unless a second one is dropped on the way, it becomes `unknown`, is
 * shown, and is never sent again by itself. A person's retry is a new message with an id of its own; every automatic
 * try keeps id and date. A worker that was believed dead and hears the answer after all writes it down. Returns whether
 * this call saw it taken; throws PermanentError('delivery-unknown' or the refused code) for what no other try may
 * change.
 */
export async function sendOnce<Tx>(
  record: SendRecord,
  rows: SendRows<Tx>,
  sending: Sending,
  tools: SendTools<Tx>,
): Promise<boolean> {
  const { state, reply, messageDate } = record
  if (state === 'sent') return false
  if (state === 'sending' && !sending.isIdempotent) {
    return giveUp(rows, tools, 'the worker died while it was sending')
  }
  // How it ended was written down, and the run did not end with it (its worker died, or was told to stop): nobody asks
  // for another.
  const isEnded = (state === 'unknown' || state === 'failed') && !isAskedAgain(messageDate, tools.askedAt)
  if (isEnded && state === 'unknown') return giveUp(rows, tools, reply ?? 'the server fell silent')
  if (isEnded) throw new PermanentError(sending.refusedCode, reply ?? 'it was refused')
  const identity = await identityOf(record, sending)
  const send = await sending.compose(identity)
  await tools.checkpoint((tx) => rows.write(tx, { state: 'sending', ...identity }))
  const result = await send().catch((error: unknown) => noteFailure(rows, tools, error))
  if (result.outcome === 'unknown') return giveUp(rows, tools, result.reply)
  await noteSent(rows, tools, identity, result.reply)
  return true
}

async function identityOf({ state, messageId, messageDate }: SendRecord, sending: Sending): Promise<Identity> {
  const isNew = state === 'failed' || state === 'unknown'
  return {
    messageId: isNew || messageId === null ? sending.newId() : messageId,
    messageDate: isNew || messageDate === null ? await sending.now() : messageDate,
    isNew,
  }
}

/** It was not taken, for now or for good: on record before the engine decides about another try. */
async function noteFailure<Tx>(
  rows: SendRows<Tx>,
  { checkpoint, isLastTry, signal }: SendTools<Tx>,
  error: unknown,
): Promise<never> {
  const isLast = isLastTry && !signal.aborted && !(error instanceof RetryLaterError)
  const state = isLast || error instanceof PermanentError ? 'failed' : 'pending'
  await checkpoint((tx) => rows.write(tx, { state, reply: messageOf(error) }))
  throw error
}

async function noteSent<Tx>(
  rows: SendRows<Tx>,
  { commit, tellLate }: SendTools<Tx>,
  { messageId }: Identity,
  reply: string,
): Promise<void> {
  const sent = { state: 'sent', reply } as const
  await commit((tx) => rows.write(tx, sent)).catch(async (error: unknown) => {
    await tellLate((tx) => rows.writeLate(tx, messageId, sent))
    throw error
  })
}

/** Returns false where the record was found to be `sent`. */
async function giveUp<Tx>(rows: SendRows<Tx>, { checkpoint }: SendTools<Tx>, reason: string): Promise<false> {
  const found = { isUnknown: true }
  await checkpoint(async (tx) => {
    found.isUnknown = await rows.writeUnlessSent(tx, { state: 'unknown', reply: reason })
  })
  if (!found.isUnknown) return false
  throw new PermanentError(
    'delivery-unknown',
    `nobody knows whether the mail was taken (${reason}); ask the recipient, then retry to send it again or leave it`,
  )
}

/** A mail by a mailer. `compose` is given the identity that the mail must carry. */
export function mailSending(
  mailer: Pick<Mailer, 'idempotent' | 'send'>,
  signal: AbortSignal,
  options: { publicUrl: string; now(): Promise<string>; compose(identity: Identity): Promise<Mail> },
): Sending {
  return {
    isIdempotent: mailer.idempotent,
    refusedCode: 'mail-refused',
    newId: () => `<${randomUUID()}@${new URL(options.publicUrl).hostname}>`,
    now: options.now,
    async compose(identity) {
      const mail = await options.compose(identity)
      return () => mailer.send(mail, signal)
    },
  }
}

/** A change as the columns of a record, whichever table it is in. */
export function sendColumns(change: SendChange): Record<string, string | RawBuilder<string>> {
  const { state } = change
  if (state === 'sending') return { state, message_id: change.messageId, message_date: change.messageDate }
  return { state, reply: change.reply, ...(state === 'sent' && { sent_at: sql<string>`now()` }) }
}
