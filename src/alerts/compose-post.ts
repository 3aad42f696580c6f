import { escapeHtml } from '../html.ts'
import type { Mail } from '../mail/mailer.ts'
import type { AlertPost, PostedAlert } from './alert-post.ts'
import { pageOf, runOf } from './subject.ts'

/** Alerts that one mail or call lists; of more it says how many. */
const LISTED_MAX = 20

/** The mail of a post: what happened, to what, since when, what to do, and where to look. Text and HTML say the same. */
export function composeAlertMail(
  post: AlertPost,
  { publicUrl, messageId, messageDate }: { publicUrl: string; messageId: string; messageDate: string },
): Mail {
  const words = wordsOf(post, publicUrl)
  return {
    to: post.address,
    subject: `[Daybreak] ${words.subject}`,
    text: asText(words),
    html: asHtml(words),
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

type Words = {
  subject: string
  /** Paragraphs: a label, what it says, and where it leads. */
  parts: { label: string; text: string; url: string | null }[]
  footer: string
}

function wordsOf(post: AlertPost, publicUrl: string): Words {
  const [first] = post.alerts
  const footer = 'You get this mail because ALERT_MAIL_TO names you, or because you own the report it is about.'
  if (first && post.alerts.length === 1) return { subject: first.title, parts: partsOf(first, publicUrl), footer }
  return { ...manyWords(post, publicUrl), footer }
}

function partsOf(alert: PostedAlert, publicUrl: string): Words['parts'] {
  const { label, url } = placeOf(alert, publicUrl)
  return [
    { label: 'What happened', text: alert.message, url: null },
    { label: 'Noticed', text: timeOf(alert.raisedAt), url: null },
    { label: 'What to do', text: alert.advice, url: null },
    { label, text: url, url },
  ]
}

function manyWords(post: AlertPost, publicUrl: string): Omit<Words, 'footer'> {
  const { alerts } = post
  const counts = Object.entries(countsOf(post)).map(([kind, count]) => `${count} ${kind}`)
  const resolved = alerts.filter(({ resolvedAt }) => resolvedAt !== null).length
  const rest = alerts.length - LISTED_MAX
  const since = `${timeOf(alerts[0]?.raisedAt ?? '')} to ${timeOf(alerts.at(-1)?.raisedAt ?? '')}`
  return {
    subject: `${alerts.length} alerts: ${counts.join(', ')}`,
    parts: [
      {
        label: 'What happened',
        text: `${alerts.length} things went wrong at once, so they come in one mail: ${counts.join(', ')}. ${resolved} of them are mended by now.`,
        url: null,
      },
      { label: 'Noticed', text: since, url: null },
      {
        label: 'What to do',
        text: 'So many at once have one cause: the database, the disk, the mail server or a change. Look for it first (scripts/daybreak doctor), then retry what failed, all at once, on the night or the list of runs. Runbook: docs/runbook.md#what-is-wrong',
        url: null,
      },
      { label: 'All of them', text: `${publicUrl}/alerts`, url: `${publicUrl}/alerts` },
      ...alerts.slice(0, LISTED_MAX).map((alert) => ({
        label: alert.kind,
        text: alert.title,
        url: placeOf(alert, publicUrl).url,
      })),
      ...(rest > 0 ? [{ label: 'And', text: `${rest} more`, url: `${publicUrl}/alerts` }] : []),
    ],
  }
}

function timeOf(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`
}

function asText({ subject, parts, footer }: Words): string {
  const lines = parts.map(
    ({ label, text, url }) => `${label}: ${text}${url === null || url === text ? '' : `\n  ${url}`}`,
  )
  return `${[subject, '', ...lines.flatMap((line) => [line, '']), footer].join('\n')}\n`
}

/** One column of a 600 px table with inline CSS: what every mail program shows, Outlook included. */
function asHtml({ subject, parts, footer }: Words): string {
  const rows = parts
    .map(({ label, text, url }) => {
      const words = escapeHtml(text)
      const shown = url === null ? words : `<a href="${escapeHtml(url)}" style="color:#0b5cad;">${words}</a>`
      return (
        `<tr><td style="padding:8px 24px;font-size:15px;line-height:22px;color:#1c2733;">` +
        `<span style="color:#5b6876;font-size:12px;">${escapeHtml(label)}</span><br>${shown}</td></tr>`
      )
    })
    .join('')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body style="margin:0;padding:0;background:#eef1f5;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#eef1f5;"><tr><td align="center" style="padding:24px 8px;">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" style="width:600px;max-width:100%;background:#ffffff;font-family:Arial,Helvetica,sans-serif;">
<tr><td style="padding:24px 24px 12px;"><h1 style="margin:0;color:#ab1f17;font-size:20px;line-height:26px;">${escapeHtml(subject)}</h1></td></tr>
${rows}
<tr><td style="padding:16px 24px;background:#f6f8fa;color:#5b6876;font-size:12px;line-height:18px;">${escapeHtml(footer)}</td></tr>
</table></td></tr></table></body></html>
`
}
