import { type Html, html, lines } from '../../../html.ts'
import type { Block, Chart, Document } from '../../document.ts'
import { chartTable } from '../chart/chart-table.ts'
import { createFormatter, type Formatter } from '../value/format-value.ts'
import { chartHtml } from './html-chart.ts'
import { checksHtml, figuresHtml } from './html-figures.ts'
import { icon } from './html-icons.ts'
import { type HtmlTable, tableHtml } from './html-table.ts'
import { textElement } from './html-text.ts'

/**
 * Paper folds nothing away: the numbers behind charts stand in an appendix instead of behind a click, and wide tables
 * lie on their side.
 */
export type Medium = 'screen' | 'paper'

/** What a table of contents lists. */
export type Section = { id: string; title: string }

export type RenderedBlocks = { html: Html; sections: Section[] }

type Context = { document: Document; formatter: Formatter; medium: Medium; signal: AbortSignal }
/** A piece of the page; `opens` marks a heading, which must not be parted from what follows it. */
type Piece = { html: Html; section?: Section; opens?: boolean; lying?: boolean }
/** Where in the outline a block stands: the last heading's text, and the level that a title below it has. */
type Place = { heading: string | null; titleLevel: 2 | 3 | 4; next: number }

/**
 * The blocks of a document as HTML without a page around it: for the HTML and PDF files, and for dashboards and
 * previews, which put it into an element of class `document` beside the style sheet `documentStyle`.
 */
export async function renderBlocks(
  document: Document,
  { medium, signal }: { medium: Medium; signal: AbortSignal },
): Promise<RenderedBlocks> {
  const context = { document, formatter: createFormatter(document.meta), medium, signal }
  const place: Place = { heading: null, titleLevel: 2, next: 1 }
  const pieces: Piece[] = []
  for (const block of document.blocks) {
    signal.throwIfAborted()
    pieces.push(await pieceOf(block, place, context))
  }
  if (medium === 'paper') pieces.push(...(await chartAppendix(place, context)))
  return { html: laidOut(pieces), sections: sectionsOf(document, pieces) }
}

async function pieceOf(block: Block, place: Place, context: Context): Promise<Piece> {
  switch (block.kind) {
    case 'heading':
      return headingPiece(block, place)
    case 'paragraph':
      return { html: textElement('p', block.text, html` class="paragraph"`) }
    case 'note':
      return { html: noteHtml(block.tone, block.text) }
    case 'figures':
      return titled(block.title, place, (title) => figuresHtml(block, title, localityOf(context)))
    case 'checks':
      return titled(block.title, place, (title) => checksHtml(block, title, localityOf(context)))
    case 'chart': {
      const numbers = context.medium === 'paper' ? null : await foldedNumbers(block, context)
      const { meta } = context.document
      const { formatter } = context
      return titled(block.title, place, (title) =>
        chartHtml(block, title, { meta, formatter, narrow: context.medium === 'screen', numbers }),
      )
    }
    case 'table': {
      const { section, html: title } = titleOf(block.title, place)
      const table = await tableHtml(block, { title, signal: context.signal, ...localityOf(context) })
      return { html: table.html, section, lying: lies(table, context) }
    }
  }
}

/** A sentence set apart, with its tone in a word and a sign. */
export function noteHtml(tone: 'info' | 'warning', text: string): Html {
  const word = tone === 'warning' ? 'Attention' : 'Note'
  return html`<aside class="note ${tone}"><p>${icon(tone)}<strong>${word}:</strong> ${textElement('span', text)}</p></aside>`
}

function headingPiece({ level, text }: Extract<Block, { kind: 'heading' }>, place: Place): Piece {
  const section = { id: `section-${place.next}`, title: text }
  place.next += 1
  place.heading = text
  place.titleLevel = level === 1 ? 3 : 4
  const heading = textElement(level === 1 ? 'h2' : 'h3', text, html` id="${section.id}"`)
  return level === 1 ? { html: heading, section, opens: true } : { html: heading, opens: true }
}

function titled(title: string, place: Place, render: (title: Html) => Html): Piece {
  const { section, html: shown } = titleOf(title, place)
  return { html: render(shown), section }
}

/** A block's title as a heading of the right level; unseen where the heading above already says it. */
function titleOf(title: string, place: Place): { section: Section; html: Html } {
  const section = { id: `section-${place.next}`, title }
  place.next += 1
  if (title === place.heading) return { section, html: html`<span class="unseen" id="${section.id}">${title}</span>` }
  return { section, html: textElement(`h${place.titleLevel}`, title, html` id="${section.id}"`) }
}

/** Sections are the headings of the first level; in a document without any, whatever has a title. */
function sectionsOf(document: Document, pieces: Piece[]): Section[] {
  const byHeading = document.blocks.some((block) => block.kind === 'heading' && block.level === 1)
  return pieces.filter((piece) => !byHeading || piece.opens === true).flatMap(({ section }) => section ?? [])
}

async function foldedNumbers(chart: Chart, context: Context): Promise<Html> {
  const title = html`<span class="unseen">${chart.title}</span>`
  const table = await tableHtml(chartTable(chart), { title, signal: context.signal, ...localityOf(context) })
  return html`<details><summary>Numbers of this chart</summary>${table.html}</details>`
}

async function chartAppendix(place: Place, context: Context): Promise<Piece[]> {
  const charts = context.document.blocks.filter((block) => block.kind === 'chart' && block.rows.length > 0) as Chart[]
  if (charts.length === 0) return []
  const pieces = [headingPiece({ kind: 'heading', level: 1, text: 'Numbers behind the charts' }, place)]
  for (const chart of charts) {
    const { html: title } = titleOf(chart.title, place)
    const table = await tableHtml(chartTable(chart), { title, signal: context.signal, ...localityOf(context) })
    pieces.push({ html: table.html, lying: lies(table, context) })
  }
  return pieces
}

/** Puts what lies on its side into sheets of its own, together with the headings that open it. */
function laidOut(pieces: Piece[]): Html {
  const lying = pieces.map(({ lying }) => lying === true)
  for (let at = pieces.length - 2; at >= 0; at -= 1) if (pieces[at]?.opens === true) lying[at] = lying[at + 1] === true
  return lines(
    pieces.map((piece, at) => {
      const before = lying[at] === true && lying[at - 1] !== true && html`<div class="landscape">`
      const after = lying[at] === true && lying[at + 1] !== true && html`</div>`
      return html`${before}${piece.html}${after}`
    }),
  )
}

function lies({ width }: HtmlTable, { medium }: Context): boolean {
  return medium === 'paper' && width !== 'portrait'
}

function localityOf({ document, formatter }: Context): { formatter: Formatter; currency: string } {
  return { formatter, currency: document.meta.currency }
}
