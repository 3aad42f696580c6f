import { type Letter, type LetterPart, writeLetter } from '../mail/letter.ts'
import type { Mail } from '../mail/mailer.ts'
import type { AlertPost, PostedAlert } from './alert-post.ts'
import { instantWords } from './instant-words.ts'
import { pageOf, runOf } from './subject.ts'

/** Alerts that one mail or call lists; of more it says how many. */
const LISTED_MAX = 20

/** The mail of a post: what happened, to what, since when, what to do, and where to look. */
export function composeAlertMail(
  post: AlertPost,
  { publicUrl, messageId, messageDate }: { publicUrl: string; messageId: string; messageDate: string },
): Mail {
  return {
    to: post.address,
    ...writeLetter(letterOf(post, publicUrl)),
    attachments: [],
    messageId,
    date: new Date(messageDate),
    unsubscribeUrl: null,
  }
}

/** The JSON of a call. Names no person and holds nothing of their data. */
export function composeAlertCall(post: AlertPost, publicUrl: string): { id: string; body: string } {
  const listed = post.alerts.slice(0, LISTED_MAX).map((alert) => callOf(alert, publicUrl))
  const [only] = listed
  if (only && post.alerts.length === 1) {
    return { id: only.id, body: JSON.stringify({ type: 'alert.raised', timestamp: only.raisedAt, data: only }) }
  }
  const data = { count: post.alerts.length, kinds: countsOf(post), alerts: listed, url: `${publicUrl}/alerts` }
  const timestamp = post.alerts.at(-1)?.raisedAt
  return { id: post.id, body: JSON.stringify({ type: 'alerts.raised', timestamp, data }) }
}

function callOf({ resolvedAt: _resolved, ...alert }: PostedAlert, publicUrl: string) {
  return { ...alert, runId: runOf(alert), url: placeOf(alert, publicUrl).url }
}

function placeOf(alert: Pick<PostedAlert, 'kind' | 'subject'>, publicUrl: string): { label: string; url: string } {
  const { label, path } = pageOf(alert)
  return { label, url: `${publicUrl}${path}` }
}

function countsOf({ alerts }: AlertPost): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(alerts, ({ kind }) => kind)].map(([kind, same]) => [kind, same.length]))
}

function letterOf(post: AlertPost, publicUrl: string): Letter {
  const [first] = post.alerts
  const { title, parts } =
    first && post.alerts.length === 1
      ? { title: first.title, parts: partsOf(first, publicUrl) }
      : manyWords(post, publicUrl)
  return {
    language: 'en',
    subject: `[Daybreak] ${title}`,
    title,
    about: null,
    tone: 'alarm',
    parts,
    footer: {
      text: 'You get this mail because ALERT_MAIL_TO names you, or because you own what it is about.',
      link: null,
    },
  }
}

function words(label: string, text: string, url: string | null = null): LetterPart {
  return { kind: 'words', label, text, url }
}

function partsOf(alert: PostedAlert, publicUrl: string): LetterPart[] {
  const { label, url } = placeOf(alert, publicUrl)
  return [
    words('What happened', alert.message),
    words('Noticed', instantWords(alert.raisedAt)),
    words('What to do', alert.advice),
    words(label, url, url),
  ]
}

const MANY_ADVICE =
  'So many at once have one cause: the database, the disk, the mail server or a change. Look for it first (scripts/daybreak doctor), then retry what failed, all at once, on the night or the list of runs. Runbook: docs/runbook.md#what-is-wrong'

function manyWords(post: AlertPost, publicUrl: string): Pick<Letter, 'title' | 'parts'> {
  const { alerts } = post
  const counts = Object.entries(countsOf(post))
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ')
  const closed = alerts.filter(({ resolvedAt }) => resolvedAt !== null).length
  const rest = alerts.length - LISTED_MAX
  const all = `${publicUrl}/alerts`
  const times = [alerts.at(0), alerts.at(-1)].flatMap((alert) => (alert ? [instantWords(alert.raisedAt)] : []))
  return {
    title: `${alerts.length} alerts: ${counts}`,
    parts: [
      words(
        'What happened',
        `${alerts.length} things went wrong at once, so they come in one mail: ${counts}. ${closed} of them are over by now.`,
      ),
      words('Noticed', times.join(' to ')),
      words('What to do', MANY_ADVICE),
      words('All of them', all, all),
      ...alerts.slice(0, LISTED_MAX).map((alert) => words(alert.kind, alert.title, placeOf(alert, publicUrl).url)),
      ...(rest > 0 ? [words('And', `${rest} more`, all)] : []),
    ],
  }
}
