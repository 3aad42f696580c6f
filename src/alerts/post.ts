import type { AnyTransaction, SystemDatabase } from '../db/database.ts'
import { databaseSecond } from '../db/database-second.ts'
import { PermanentError, RetryLaterError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Mailer, SendResult } from '../mail/mailer.ts'
import { mailSending, type Sending, type SendTools, sendOnce } from '../mail/send-once.ts'
import type { Webhook } from '../mail/webhook.ts'
import { type AlertPost, readAlertPost, rowsOf, tryOf } from './alert-post.ts'
import { composeAlertCall, composeAlertMail } from './compose-post.ts'

export type PostAlertsTools = SendTools<AnyTransaction> & {
  db: SystemDatabase
  log: Log
  mailer: Mailer
  /** null: none is configured. */
  webhook: Webhook | null
  publicUrl: string
  /** How often a post is tried: a receiver that keeps asking for patience gets no more than that. */
  triesMax: number
}

/** Tells one receiver of the alerts of one post, once. */
export async function postAlerts(postId: string, tools: PostAlertsTools): Promise<void> {
  const post = await readAlertPost(tools.db, postId)
  const sending = post.channel === 'mail' ? mailOf(post, tools) : callOf(post, tools)
  if (await sendOnce(post, rowsOf(post), sending, tools)) {
    const about = { post_id: post.id, channel: post.channel }
    tools.log.info(about, `told of ${post.alerts.length} alerts by ${post.channel}`)
  }
}

function mailOf(post: AlertPost, { db, mailer, signal, publicUrl }: PostAlertsTools): Sending {
  return mailSending(mailer, signal, {
    publicUrl,
    now: () => databaseSecond(db),
    compose: async (identity) => composeAlertMail(post, { publicUrl, ...identity }),
  })
}

/** A call may be repeated: its id stays the same, whoever asks for it, and the receiver drops what it has seen. */
function callOf(post: AlertPost, tools: PostAlertsTools): Sending {
  const call = composeAlertCall(post, tools.publicUrl)
  return {
    isIdempotent: true,
    refusedCode: 'webhook-refused',
    newId: () => call.id,
    now: () => databaseSecond(tools.db),
    compose: async (identity) => () => sendCall(call, tryOf(post, identity), tools),
  }
}

async function sendCall(
  call: { id: string; body: string },
  tries: number,
  { db, webhook, signal, triesMax }: PostAlertsTools,
): Promise<SendResult> {
  if (webhook === null) {
    throw new PermanentError('no-webhook', 'ALERT_WEBHOOK_URL is not set any more; set it, then retry')
  }
  // The time of the call, not of the message: a receiver refuses one that is minutes old.
  const at = Temporal.Instant.from(await databaseSecond(db))
  const status = await webhook.send({ ...call, at }, signal).catch((error: unknown) => {
    // Patience without end is no plan: the last try is the last.
    if (!(error instanceof RetryLaterError) || tries < triesMax) throw error
    throw new PermanentError('webhook-refused', `${error.message} It was tried ${triesMax} times.`)
  })
  return { outcome: 'accepted', reply: `HTTP ${status}` }
}
