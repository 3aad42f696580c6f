import { readFileSync } from 'node:fs'
import { type Html, html, lines, raw } from '../../../html.ts'
import type { Document, DocumentMeta } from '../../document.ts'
import type { Renderer } from '../renderer.ts'
import { titleOf } from '../value/document-title.ts'
import { createFormatter } from '../value/format-value.ts'
import { frontMatterOf, provisionalText } from '../value/front-matter.ts'
import { type FontLibrary, missingText } from './fonts.ts'
import { type Medium, noteHtml, renderBlocks, type Section } from './html-blocks.ts'
import { directionAttribute, textElement } from './html-text.ts'

/**
 * The style sheet of `renderBlocks`; everything in it is below `.document`. Colours follow the system, or `data-theme`
 * on an ancestor.
 * @public
 */
export const documentStyle = readFileSync(new URL('./document.css', import.meta.url), 'utf8')

/** From this many sections on a page opens with a list of them. */
const CONTENTS_FROM = 4

/** Nothing but inline style and data: no script, no request, wherever the file is opened. */
const POLICY = raw(
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'",
)

export type HtmlPage = {
  html: string
  /** Characters no font at hand can show; the page says so too. */
  missing: string[]
}

/** One static page that needs nothing beside itself. Tables show their first 2,000 rows. */
export const htmlRenderer: Renderer = {
  format: 'html',
  mediaType: 'text/html; charset=utf-8',
  extension: 'html',
  async *render(document, { fonts, log, signal }) {
    const page = await htmlPage(document, { medium: 'screen', fonts, signal })
    if (page.missing.length > 0)
      log.warn(
        { report: document.meta.report, missing: page.missing.length },
        'the fonts at hand lack characters of a page',
      )
    yield Buffer.from(page.html)
  },
}

/** A whole page for the screen or for paper. */
export async function htmlPage(
  document: Document,
  { medium, fonts, signal }: { medium: Medium; fonts: FontLibrary; signal: AbortSignal },
): Promise<HtmlPage> {
  const { meta } = document
  const blocks = await renderBlocks(document, { medium, signal })
  const front = frontHtml(meta)
  const shown = `${front.markup}${blocks.html.markup}${meta.title}${meta.windowLabel}`
  const { css, missing } = await fonts.facesFor(shown, meta.locale)
  const unshown = missingText(missing)
  const warning = unshown === null ? html`` : noteHtml('warning', unshown)
  const body = lines([front, warning, contentsHtml(blocks.sections), blocks.html])
  const language = meta.language ?? 'en'
  const direction = new Intl.Locale(language).getTextInfo().direction
  const page = html`<!doctype html>
<html lang="${language}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Daybreak">
<title>${titleOf(meta)}</title>
<style>
${raw(css)}
${raw(documentStyle)}
@page{size:A4;margin:15mm}
</style>
</head>
<body class="document ${medium}">
<main>
${body}
</main>
</body>
</html>
`
  return { html: page.markup, missing }
}

function frontHtml(meta: DocumentMeta): Html {
  const formatter = createFormatter(meta)
  const facts = frontMatterOf(meta, formatter)
    .filter(({ label }) => label !== 'Client' && label !== 'Status')
    .map(({ label, value }) => html`<div><dt>${label}</dt><dd${directionAttribute(value)}>${value}</dd></div>`)
  const provisional = meta.provisionalDays.length > 0
  return html`<header class="front">
${textElement('p', meta.client.name, html` class="client"`)}
${textElement('h1', meta.title)}
<p class="window"><span${directionAttribute(meta.windowLabel)}>${meta.windowLabel}</span> <span class="status ${provisional ? 'provisional' : 'final'}">${provisional ? 'Provisional' : 'Final'}</span></p>
<dl class="facts">${facts}</dl>
${provisional && noteHtml('warning', provisionalText(meta, formatter))}</header>`
}

function contentsHtml(sections: Section[]): Html {
  if (sections.length < CONTENTS_FROM) return html``
  const items = sections.map(
    ({ id, title }) => html`<li><a href="#${id}"${directionAttribute(title)}>${title}</a></li>`,
  )
  return html`<nav class="contents" aria-labelledby="contents"><p id="contents">Contents</p><ol>${items}</ol></nav>`
}
