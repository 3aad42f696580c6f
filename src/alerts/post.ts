import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { AnyTransaction, SystemDatabase } from '../db/database.ts'
import { messageOf, PermanentError, RetryLaterError } from '../errors.ts'
import type { Log } from '../log.ts'
import { isAskedAgain } from '../mail/asked-again.ts'
import type { Mail, Mailer } from '../mail/mailer.ts'
import type { Webhook } from '../mail/webhook.ts'
import {
  type AlertPost,
  databaseNow,
  noteLateAnswer,
  readAlertPost,
  updateAlertPost,
  updateUnlessSent,
} from './alert-post.ts'
import { composeAlertCall, composeAlertMail } from './compose-post.ts'

export type PostAlertsTools = {
  db: SystemDatabase
  signal: AbortSignal
  log: Log
  /** When this post was last asked for; what was tried since then is nothing that a person wants again. */
  askedAt: string
  /** A transaction before the outside world is touched. */
  checkpoint(write: (tx: AnyTransaction) => Promise<void>): Promise<void>
  /** The last transaction. */
  commit(write: (tx: AnyTransaction) => Promise<void>): Promise<void>
  /** A transaction in spite of another worker that has taken the post over; says whether it changed the post. */
  tellLate(write: (tx: AnyTransaction) => Promise<boolean>): Promise<void>
  mailer: Mailer
  /** null: none is configured. */
  webhook: Webhook | null
  publicUrl: string
  /** How often a post is tried: a receiver that keeps asking for patience gets no more than that. */
  triesMax: number
  /** Whether another failure is the end of it. */
  isLastTry: boolean
}

/**
 * Tells one receiver of the alerts of one post, once. A mail follows the rule of report copies: `sending` is on record before it leaves,
 * Message-ID and date stay the same on every automatic try, and one whose fate nobody knows is `unknown` and never sent again by itself.
 * A call may be repeated: its id stays the same, and the receiver drops what it has seen.
 */
export async function postAlerts(postId: string, tools: PostAlertsTools): Promise<void> {
  const post = await readAlertPost(tools.db, postId)
  if (post.state === 'sent') return
  await (post.channel === 'mail' ? postMail(post, tools) : postCall(post, tools))
  tools.log.info({ post_id: post.id, channel: post.channel }, `told of ${post.alerts.length} alerts by ${post.channel}`)
}

async function postMail(post: AlertPost, tools: PostAlertsTools): Promise<void> {
  if (post.state === 'sending' && !tools.mailer.idempotent) {
    return giveUpAsUnknown(post, tools, 'the worker died while it was sending')
  }
  // How it ended was written down, and the run did not end with it (its worker died, or was told to stop): nobody asks for another mail.
  if (post.state === 'unknown' && !isAskedAgain(post.messageDate, tools.askedAt)) {
    return giveUpAsUnknown(post, tools, post.reply ?? 'the server fell silent')
  }
  if (post.state === 'failed' && !isAskedAgain(post.messageDate, tools.askedAt)) {
    throw new PermanentError('mail-refused', post.reply ?? 'the mail was refused')
  }
  const mail = await prepareMail(post, tools)
  const result = await tools.mailer.send(mail, tools.signal).catch((error: unknown) => noteFailure(post, tools, error))
  if (result.outcome === 'unknown') return giveUpAsUnknown(post, tools, result.reply)
  const sent = { state: 'sent', sent_at: sql`now()`, reply: result.reply }
  await tools
    .commit((tx) => updateAlertPost(tx, post, sent))
    .catch(async (error: unknown) => {
      // As with a report's copy: taken over, and yet the only one who knows. A mail that a person asked for meanwhile stands for itself.
      await tools.tellLate((tx) => noteLateAnswer(tx, post, mail.messageId, sent))
      throw error
    })
}

/** A try after `failed` or `unknown` is a person's: a new mail, with all its tries. */
function isDeliberate({ state }: AlertPost): boolean {
  return state === 'failed' || state === 'unknown'
}

/** Which try this is since a person last asked for it. */
function triesOf(post: AlertPost): number {
  return isDeliberate(post) ? 1 : post.tries + 1
}

async function prepareMail(post: AlertPost, { db, checkpoint, publicUrl }: PostAlertsTools): Promise<Mail> {
  const deliberate = isDeliberate(post)
  const messageId = deliberate ? null : post.messageId
  const date = deliberate ? null : post.messageDate
  const identity = {
    messageId: messageId ?? `<${randomUUID()}@${new URL(publicUrl).hostname}>`,
    date: date ?? (await databaseNow(db)),
  }
  await checkpoint((tx) =>
    updateAlertPost(tx, post, {
      state: 'sending',
      message_id: identity.messageId,
      message_date: identity.date,
      tries: triesOf(post),
    }),
  )
  return composeAlertMail(post, { publicUrl, ...identity })
}

async function giveUpAsUnknown(post: AlertPost, { checkpoint }: PostAlertsTools, reason: string): Promise<void> {
  const found = { isUnknown: true }
  await checkpoint(async (tx) => {
    found.isUnknown = await updateUnlessSent(tx, post, { state: 'unknown', reply: reason })
  })
  if (!found.isUnknown) return
  throw new PermanentError(
    'delivery-unknown',
    `nobody knows whether the mail was taken (${reason}); ask its receiver, then retry to send it again or leave it`,
  )
}

async function postCall(post: AlertPost, tools: PostAlertsTools): Promise<void> {
  const { db, checkpoint, commit, webhook, publicUrl, signal } = tools
  if (webhook === null) {
    return noteFailure(
      post,
      tools,
      new PermanentError('no-webhook', 'ALERT_WEBHOOK_URL is not set any more; set it, then retry'),
    )
  }
  await checkpoint((tx) => updateAlertPost(tx, post, { state: 'sending', tries: triesOf(post) }))
  const message = { ...composeAlertCall(post, publicUrl), at: Temporal.Instant.from(await databaseNow(db)) }
  const status = await webhook.send(message, signal).catch((error: unknown) => noteFailure(post, tools, error))
  await commit((tx) => updateAlertPost(tx, post, { state: 'sent', sent_at: sql`now()`, reply: `HTTP ${status}` }))
}

/** On record before the engine decides about another try. Patience without end is no plan: the last try is the last. */
async function noteFailure(post: AlertPost, tools: PostAlertsTools, error: unknown): Promise<never> {
  const { checkpoint, triesMax, isLastTry, signal } = tools
  const isPatient = error instanceof RetryLaterError
  const final =
    isPatient && triesOf(post) >= triesMax
      ? new PermanentError('webhook-refused', `${error.message} It was tried ${triesMax} times.`)
      : error
  const isLast = isLastTry && !isPatient && !signal.aborted
  const state = isLast || final instanceof PermanentError ? 'failed' : 'pending'
  await checkpoint((tx) => updateAlertPost(tx, post, { state, reply: messageOf(final) }))
  throw final
}
