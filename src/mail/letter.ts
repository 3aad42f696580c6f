import { type Html, html, raw } from '../html.ts'
import type { Mail } from './mailer.ts'

/** What a mail says, in its order, before it is text and HTML, which say the same. */
export type Letter = {
  /** Of the words, such as `en-GB`. */
  language: string
  subject: string
  title: string
  /** Whom it is for or about, above the title. */
  about: string | null
  /** `alarm`: something is wrong. */
  tone: 'plain' | 'alarm'
  parts: LetterPart[]
  /** Why it came, and where that can be changed. */
  footer: { text: string; link: { label: string; url: string } | null }
}

export type LetterPart =
  | { kind: 'note'; text: string }
  /** A paragraph; with `url` it leads somewhere. */
  | { kind: 'words'; label: string | null; text: string; url: string | null }
  | { kind: 'figures'; figures: { label: string; value: string; detail: string }[] }
  | { kind: 'links'; links: { label: string; detail: string; url: string }[] }
  | { kind: 'facts'; facts: [label: string, value: string][] }

/** The letter as a mail carries it. */
export function writeLetter(letter: Letter): Pick<Mail, 'subject' | 'text' | 'html'> {
  return { subject: letter.subject, text: asText(letter), html: asHtml(letter).markup }
}

function asText({ title, about, parts, footer }: Letter): string {
  const head = about === null ? title : `${about}\n${title}`
  const end = footer.link === null ? footer.text : `${footer.text}\n${footer.link.label}: ${footer.link.url}`
  return `${[head, ...parts.map(partText).filter((text) => text !== ''), end].join('\n\n')}\n`
}

function partText(part: LetterPart): string {
  switch (part.kind) {
    case 'note':
      return `Note. ${part.text}`
    case 'words': {
      const words = part.label === null ? part.text : `${part.label}: ${part.text}`
      return part.url === null || part.url === part.text ? words : `${words}\n  ${part.url}`
    }
    case 'figures':
      return part.figures
        .map(({ label, value, detail }) => `${label}: ${value}${detail === '' ? '' : ` (${detail})`}`)
        .join('\n')
    case 'links':
      return part.links.map(({ label, detail, url }) => `- ${label} (${detail})\n  ${url}`).join('\n')
    case 'facts':
      return part.facts.map(([label, value]) => `${label}: ${value}`).join('\n')
  }
}

/**
 * Colours of a mail program that is told nothing of the dark, and of one that asks for dark. The latter reads classes.
 */
const LOOK = {
  ground: { light: 'background:#eef1f5', dark: 'background:#0f141a' },
  paper: { light: 'background:#ffffff', dark: 'background:#1a212a' },
  foot: { light: 'background:#f6f8fa;color:#5b6876', dark: 'background:#141a21;color:#a3b1bf' },
  ink: { light: 'color:#1c2733', dark: 'color:#e6ebf1' },
  quiet: { light: 'color:#5b6876', dark: 'color:#a3b1bf' },
  alarm: { light: 'color:#ab1f17', dark: 'color:#ff9c94' },
  link: { light: 'color:#0b5cad', dark: 'color:#86bdf7' },
  note: { light: 'background:#fff4d6;color:#5c4300', dark: 'background:#3a2f10;color:#ffe2a0' },
  line: { light: 'border-bottom:1px solid #d9dee5', dark: 'border-bottom:1px solid #33404d' },
} as const

/** An element's class, for the dark, and its style, for every program. */
function look(names: (keyof typeof LOOK)[], style: string): Html {
  const colours = names.map((name) => LOOK[name].light).join(';')
  return html`class="${names.join(' ')}" style="${colours};${style}"`
}

const DARK = Object.entries(LOOK)
  .map(([name, { dark }]) => `.${name}{${dark.replaceAll(/;|$/g, ' !important;')}}`)
  .join('')

/** Nothing in a table is for a screen reader but its words. */
const TABLE = raw('role="presentation" cellpadding="0" cellspacing="0" border="0"')

/**
 * One column of at most 600 px in tables with inline CSS: what every mail program shows. Outlook reads no max-width and
 * is given a table of its own around it.
 */
function asHtml({ language, subject, title, about, tone, parts, footer }: Letter): Html {
  return html`<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<title>${subject}</title><style>:root{color-scheme:light dark}@media (prefers-color-scheme:dark){${raw(DARK)}}</style></head>
<body ${look(['ground'], 'margin:0;padding:0')}>
<table ${TABLE} width="100%" ${look(['ground'], '')}><tr><td align="center" style="padding:24px 8px">
${raw('<!--[if mso]><table role="presentation" width="600" align="center"><tr><td><![endif]-->')}
<table ${TABLE} width="100%" ${look(['paper'], 'max-width:600px;text-align:left;font-family:Arial,Helvetica,sans-serif;overflow-wrap:anywhere')}>
<tr><td style="padding:24px 24px 12px">${about !== null && html`<p ${look(['quiet'], 'margin:0 0 4px;font-size:13px;line-height:18px')}>${about}</p>`}
<h1 ${look([tone === 'alarm' ? 'alarm' : 'ink'], 'margin:0;font-size:21px;line-height:27px')}>${title}</h1></td></tr>
${parts.map(partHtml)}
<tr><td height="12"></td></tr>
<tr><td ${look(['foot'], 'padding:16px 24px;font-size:12px;line-height:18px')}>${footer.text}${
    footer.link !== null && html`\n${linkTo(footer.link.url, footer.link.label)}`
  }</td></tr>
</table>
${raw('<!--[if mso]></td></tr></table><![endif]-->')}
</td></tr></table></body></html>
`
}

function linkTo(url: string, words: string): Html {
  return html`<a href="${url}" ${look(['link'], 'text-decoration:underline')}>${words}</a>`
}

function partHtml(part: LetterPart): Html | null {
  switch (part.kind) {
    case 'note':
      return html`<tr><td ${look(['note'], 'padding:12px 24px;font-size:14px;line-height:20px')}><b>Note.</b> ${part.text}</td></tr>`
    case 'words':
      return wordsHtml(part)
    case 'figures':
      return tableRow(part.figures.map(figureHtml))
    case 'links':
      return part.links.length === 0
        ? null
        : html`<tr><td style="padding:4px 24px">${part.links.map(downloadHtml)}</td></tr>`
    case 'facts':
      return tableRow(part.facts.map(factHtml))
  }
}

function wordsHtml({ label, text, url }: Extract<LetterPart, { kind: 'words' }>): Html {
  const over = label !== null && html`<span ${look(['quiet'], 'font-size:12px')}>${label}</span><br>`
  return html`<tr><td ${look(['ink'], 'padding:8px 24px;font-size:15px;line-height:22px')}>${over}${url === null ? text : linkTo(url, text)}</td></tr>`
}

/** A table across the column; nothing where it would have no rows. */
function tableRow(rows: Html[]): Html | null {
  if (rows.length === 0) return null
  return html`<tr><td style="padding:8px 24px 12px"><table ${TABLE} width="100%">${rows}</table></td></tr>`
}

type Figure = Extract<LetterPart, { kind: 'figures' }>['figures'][number]

function figureHtml({ label, value, detail }: Figure): Html {
  const cell = 'padding:8px 0;font-size:15px;line-height:22px'
  const under = detail !== '' && html`<p ${look(['quiet'], 'margin:0;font-size:12px;line-height:18px')}>${detail}</p>`
  return html`<tr><td ${look(['ink', 'line'], cell)}>${label}${under}</td>
<td align="right" valign="top" ${look(['ink', 'line'], `${cell};padding-left:16px;font-weight:bold;white-space:nowrap`)}>${value}</td></tr>`
}

type Download = Extract<LetterPart, { kind: 'links' }>['links'][number]

function downloadHtml({ label, detail, url }: Download): Html {
  return html`<p style="margin:0 0 10px;font-size:14px;line-height:20px">${linkTo(url, label)}<br><span ${look(['quiet'], 'font-size:12px')}>${detail}</span></p>`
}

function factHtml([label, value]: [string, string]): Html {
  return html`<tr><td valign="top" ${look(['quiet'], 'padding:2px 12px 2px 0;font-size:12px;line-height:18px;white-space:nowrap')}>${label}</td>
<td width="100%" ${look(['ink'], 'padding:2px 0;font-size:12px;line-height:18px')}>${value}</td></tr>`
}
