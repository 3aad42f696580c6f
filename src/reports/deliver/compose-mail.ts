import { type Letter, writeLetter } from '../../mail/letter.ts'
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

/** The mail of one copy: what it is, the headline figures, the files, and what they are as of. */
export async function composeMail(copy: Copy, parts: MailParts): Promise<Mail> {
  return {
    to: copy.address,
    ...writeLetter(letterOf(copy, parts)),
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

function letterOf(copy: Copy, parts: MailParts): Letter {
  const title = reportNamed(copy.report).title
  const label = windowLabel(copy.window, copy.locale)
  const show = createFormatter(copy)
  return {
    language: copy.locale,
    subject: `[${copy.clientName}] ${title} – ${label} – ${copy.provisional ? 'PROVISIONAL' : 'FINAL'}`,
    title: `${title}, ${label}`,
    about: copy.clientName,
    tone: 'plain',
    parts: [
      ...(copy.provisional ? [{ kind: 'note' as const, text: PROVISIONAL }] : []),
      { kind: 'figures', figures: copy.figures.map((figure) => figureWords(figure, show)) },
      { kind: 'words', label: null, text: filesIntro(parts), url: null },
      { kind: 'links', links: copy.files.map((file) => fileWords(file, parts)) },
      { kind: 'facts', facts: factsOf(copy, show) },
    ],
    footer: {
      text: 'You get this mail because you are a recipient of this report.',
      link: { label: 'Unsubscribe from this report', url: parts.unsubscribeUrl },
    },
  }
}

const PROVISIONAL =
  'Provisional: some days of this period were not complete when the report was made. The report names them.'

function filesIntro({ attach, linkTtlDays }: MailParts): string {
  return attach
    ? `The files are attached, and can be downloaded for ${linkTtlDays} days:`
    : `The files are too large to attach. They can be downloaded for ${linkTtlDays} days:`
}

function factsOf(copy: Copy, show: Formatter): [string, string][] {
  const { from, to } = copy.window
  const days = `${show.longDay(from)} to ${show.longDay(addDays(to, -1))}, both days included`
  return [
    ['Period', `${days}, time zone ${copy.timeZone}`],
    ['Currency', copy.currency],
    ['Data as of', copy.dataAsOf === null ? 'no data was ever rolled up' : show.minute(copy.dataAsOf)],
    ['Execution', copy.executionId],
  ]
}

function fileWords(file: CopyFile, { downloads }: MailParts) {
  return {
    label: file.fileName,
    detail: `${file.format.toUpperCase()}, ${sizeWords(file.sizeBytes)}, SHA-256 ${file.sha256.slice(0, 12)}…`,
    url: downloads.get(file.format) ?? '',
  }
}

function figureWords(figure: Figure, show: Formatter) {
  const changes = (figure.comparisons ?? []).map(({ label, value }) => `${label}: ${show.value(value, figure)}`)
  return { label: figure.label, value: show.value(figure.value, figure), detail: changes.join(' · ') }
}

function sizeWords(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000))} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
