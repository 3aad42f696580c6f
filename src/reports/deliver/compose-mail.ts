import { escapeHtml } from '../../html.ts'
import type { Mail } from '../../mail/mailer.ts'
import type { ObjectStore } from '../../storage/object-store.ts'
import { addDays } from '../../time.ts'
import { reportNamed } from '../catalogue/index.ts'
import type { Figure } from '../document.ts'
import { windowLabel } from '../period.ts'
import { createFormatter, type Formatter } from '../render/index.ts'
import type { Copy, CopyFile } from './copy.ts'

type MailParts = {
  messageId: string
  messageDate: string
  /** Address of each format's file. */
  downloads: ReadonlyMap<string, string>
  linkTtlDays: number
  unsubscribeUrl: string
  storage: ObjectStore
  /** Small enough to travel with the mail; else it carries links alone. */
  attach: boolean
}

/** The mail of one copy: what it is, the headline figures, what they are as of, and the files. Text and HTML say the same. */
export async function composeMail(copy: Copy, parts: MailParts): Promise<Mail> {
  const words = wordsOf(copy, parts)
  return {
    to: copy.address,
    subject: words.subject,
    text: asText(words),
    html: asHtml(words, copy.locale),
    attachments: parts.attach ? copy.files.map((file) => attachmentOf(file, parts.storage)) : [],
    messageId: parts.messageId,
    date: new Date(parts.messageDate),
    unsubscribeUrl: parts.unsubscribeUrl,
  }
}

function attachmentOf(file: CopyFile, storage: ObjectStore): Mail['attachments'][number] {
  return {
    fileName: file.fileName,
    mediaType: file.mediaType,
    sizeBytes: file.sizeBytes,
    open: async () => (await storage.get(file.objectKey)).body,
  }
}

type Words = {
  subject: string
  title: string
  clientName: string
  facts: [string, string][]
  warning: string | null
  figures: { label: string; value: string; change: string }[]
  files: { label: string; detail: string; url: string }[]
  filesIntro: string
  unsubscribeUrl: string
}

function wordsOf(copy: Copy, parts: MailParts): Words {
  const title = reportNamed(copy.report).title
  const label = windowLabel(copy.window, copy.locale)
  const show = createFormatter(copy)
  return {
    subject: `[${copy.clientName}] ${title} – ${label} – ${copy.provisional ? 'PROVISIONAL' : 'FINAL'}`,
    title: `${title}, ${label}`,
    clientName: copy.clientName,
    facts: [
      [
        'Period',
        `${show.longDay(copy.window.from)} to ${show.longDay(addDays(copy.window.to, -1))}, both days included, time zone ${copy.timeZone}`,
      ],
      ['Currency', copy.currency],
      ['Data as of', copy.dataAsOf === null ? 'no data was ever rolled up' : show.minute(copy.dataAsOf)],
      ['Execution', copy.executionId],
    ],
    warning: copy.provisional
      ? 'Provisional: some days of this period were not complete when the report was made. The report names them.'
      : null,
    figures: copy.figures.map((figure) => figureWords(figure, show)),
    files: copy.files.map((file) => ({
      label: file.fileName,
      detail: `${file.format.toUpperCase()}, ${sizeWords(file.sizeBytes)}, SHA-256 ${file.sha256.slice(0, 12)}…`,
      url: parts.downloads.get(file.format) ?? '',
    })),
    filesIntro: parts.attach
      ? `The files are attached, and can be downloaded for ${parts.linkTtlDays} days:`
      : `The files are too large to attach. They can be downloaded for ${parts.linkTtlDays} days:`,
    unsubscribeUrl: parts.unsubscribeUrl,
  }
}

function figureWords(figure: Figure, show: Formatter): Words['figures'][number] {
  const changes = (figure.comparisons ?? []).map(({ label, value }) => `${label}: ${show.value(value, figure)}`)
  return { label: figure.label, value: show.value(figure.value, figure), change: changes.join(' · ') }
}

function sizeWords(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000))} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}

function asText(words: Words): string {
  const lines = [words.title, words.clientName, '']
  if (words.warning) lines.push(words.warning, '')
  for (const { label, value, change } of words.figures) lines.push(`${label}: ${value}${change ? ` (${change})` : ''}`)
  lines.push('', ...words.facts.map(([label, value]) => `${label}: ${value}`), '', words.filesIntro)
  for (const { label, detail, url } of words.files) lines.push(`- ${label} (${detail})`, `  ${url}`)
  lines.push('', `Unsubscribe from this report: ${words.unsubscribeUrl}`)
  return `${lines.join('\n')}\n`
}

/** One column of 600 px tables with inline CSS: what every mail program shows, Outlook included. */
function asHtml(words: Words, locale: string): string {
  const cell = 'padding:8px 12px;border-bottom:1px solid #d9dee5;font-size:15px;line-height:22px;'
  const figures = words.figures
    .map(
      ({ label, value, change }) =>
        `<tr><td style="${cell}color:#1c2733;">${escapeHtml(label)}<br><span style="color:#5b6876;font-size:12px;">${escapeHtml(change)}</span></td>` +
        `<td align="right" style="${cell}color:#1c2733;font-weight:bold;white-space:nowrap;">${escapeHtml(value)}</td></tr>`,
    )
    .join('')
  const facts = words.facts
    .map(
      ([label, value]) =>
        `<tr><td style="padding:2px 12px 2px 0;color:#5b6876;font-size:12px;white-space:nowrap;" valign="top">${escapeHtml(label)}</td>` +
        `<td style="padding:2px 0;color:#1c2733;font-size:12px;">${escapeHtml(value)}</td></tr>`,
    )
    .join('')
  const files = words.files
    .map(
      ({ label, detail, url }) =>
        `<p style="margin:0 0 10px;font-size:14px;line-height:20px;"><a href="${escapeHtml(url)}" style="color:#0b5cad;">${escapeHtml(label)}</a>` +
        `<br><span style="color:#5b6876;font-size:12px;">${escapeHtml(detail)}</span></p>`,
    )
    .join('')
  const warning = words.warning
    ? `<tr><td style="padding:12px 24px;background:#fff4d6;color:#5c4300;font-size:14px;line-height:20px;"><b>Note.</b> ${escapeHtml(words.warning)}</td></tr>`
    : ''
  return `<!doctype html>
<html lang="${escapeHtml(locale)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(words.subject)}</title></head>
<body style="margin:0;padding:0;background:#eef1f5;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#eef1f5;"><tr><td align="center" style="padding:24px 8px;">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" style="width:600px;max-width:100%;background:#ffffff;font-family:Arial,Helvetica,sans-serif;">
<tr><td style="padding:24px 24px 12px;"><p style="margin:0;color:#5b6876;font-size:13px;">${escapeHtml(words.clientName)}</p>
<h1 style="margin:4px 0 0;color:#1c2733;font-size:22px;line-height:28px;">${escapeHtml(words.title)}</h1></td></tr>
${warning}
<tr><td style="padding:12px 12px;"><table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">${figures}</table></td></tr>
<tr><td style="padding:12px 24px;"><p style="margin:0 0 12px;color:#1c2733;font-size:14px;line-height:20px;">${escapeHtml(words.filesIntro)}</p>${files}</td></tr>
<tr><td style="padding:12px 24px 24px;"><table role="presentation" cellpadding="0" cellspacing="0" border="0">${facts}</table></td></tr>
<tr><td style="padding:16px 24px;background:#f6f8fa;color:#5b6876;font-size:12px;line-height:18px;">You get this mail because you are a recipient of this report.
<a href="${escapeHtml(words.unsubscribeUrl)}" style="color:#0b5cad;">Unsubscribe from this report</a></td></tr>
</table></td></tr></table></body></html>
`
}
