import { type Html, html, lines, raw } from '../../../html.ts'
import type { Column, Row, Table, ValueType } from '../../document.ts'
import { type Formatter, isNumeric } from '../value/format-value.ts'
import { readRows } from '../value/table-rows.ts'
import { createTotals, type Total } from '../value/totals.ts'
import { directionAttribute, textElement } from './html-text.ts'

/** Rows a page shows of one table; tagged PDF of much more takes gigabytes to print, and nobody reads on. */
const SHOWN_ROWS_MAX = 2000

/** A page of this many characters across, at the size tables are printed in. */
const PORTRAIT_CHARACTERS = 112
const LANDSCAPE_CHARACTERS = 172
const CELL_CHARACTERS_MAX = 34
const ROWS_MEASURED = 200
const ENDLESS_WORD = /\S{25}/

export type HtmlTable = { html: Html; width: 'portrait' | 'landscape' | 'dense' }

const WIDTH_CLASS = { portrait: '', landscape: ' wide', dense: ' wide dense' }

type Read = { rows: Row[]; count: number; totals: Total[] | null }

/**
 * A table as HTML: the first rows, the totals of all rows, and a word on what is left out. `title` is the caption's
 * content.
 */
export async function tableHtml(
  table: Table,
  { title, formatter, currency, signal }: { title: Html; formatter: Formatter; currency: string; signal: AbortSignal },
): Promise<HtmlTable> {
  const read = await readShown(table, currency, signal)
  const notes = [...leftOut(read, formatter), ...(table.note === undefined ? [] : [table.note])]
  const below = notes.map((note) => textElement('p', note, html` class="table-note"`))
  if (read.count === 0) {
    return {
      html: html`<div class="table"><div class="table-title">${title}</div>${textElement('p', table.empty, html` class="empty"`)}${below}</div>`,
      width: 'portrait',
    }
  }
  const width = widthOf(table.columns, read.rows, formatter)
  const body = lines(read.rows.map((row) => rowHtml(row, table.columns, formatter)))
  const whole = html`<div class="table${WIDTH_CLASS[width]}"><div class="scroll" role="region" aria-label="${table.title}" tabindex="0"><table>
<caption class="table-title">${title}</caption>
<thead><tr>${table.columns.map(headHtml)}</tr></thead>
<tbody>
${body}
</tbody>${footHtml(read, table.columns, formatter)}</table></div>${below}</div>`
  return { html: whole, width }
}

async function readShown(table: Table, currency: string, signal: AbortSignal): Promise<Read> {
  const rows: Row[] = []
  const totals = createTotals(table.columns, currency)
  let count = 0
  for await (const row of readRows(table, signal)) {
    count += 1
    if (count <= SHOWN_ROWS_MAX) rows.push(row)
    totals.add(row)
  }
  return { rows, count, totals: totals.result() }
}

function leftOut({ count, rows }: Read, formatter: Formatter): string[] {
  if (count === rows.length) return []
  const [shown, all] = [rows.length, count].map((number) => formatter.value(number, { type: 'integer' }))
  return [`The first ${shown} of ${all} rows are shown here. The XLSX, CSV and JSON files hold all of them.`]
}

function headHtml({ label, type }: Column): Html {
  return textElement('th', label, html` scope="col"${isNumeric(type) && NUMBER}`)
}

function rowHtml(row: Row, columns: Column[], formatter: Formatter): Html {
  const cells = columns.map((column, index) => {
    const text = formatter.value(row[column.key] ?? null, column)
    const names = index === 0 && !isNumeric(column.type)
    return cellHtml(names ? ROW_HEAD : CELL, text, column)
  })
  return html`<tr>${cells}</tr>`
}

function footHtml({ totals, count }: Read, columns: Column[], formatter: Formatter): Html | null {
  if (totals === null) return null
  const label = count > SHOWN_ROWS_MAX ? 'Total of all rows' : 'Total'
  const cells = columns.map((column, index) => {
    const total = totals[index]
    if (total !== undefined) return cellHtml(CELL, formatter.value(total, column), column)
    return index === 0 ? html`<th scope="row">${label}</th>` : html`<td></td>`
  })
  return html`
<tfoot><tr>${cells}</tr></tfoot>`
}

const CELL = { open: raw('td'), close: raw('td') }
const ROW_HEAD = { open: raw('th scope="row"'), close: raw('th') }

function cellHtml({ open, close }: typeof CELL, text: string, { type }: Column): Html {
  return html`<${open}${cellClass(text, type)}${type === 'text' && directionAttribute(text)}>${text}</${close}>`
}

const NUMBER = html` class="number"`
const TIME = html` class="time"`
const TEXT = html` class="text"`
const ENDLESS = html` class="text endless"`

function cellClass(text: string, type: ValueType): Html {
  if (isNumeric(type)) return NUMBER
  if (type !== 'text') return TIME
  return ENDLESS_WORD.test(text) ? ENDLESS : TEXT
}

/** Which way the paper must lie, from the longest cells. */
function widthOf(columns: Column[], rows: Row[], formatter: Formatter): HtmlTable['width'] {
  const measured = rows.slice(0, ROWS_MEASURED)
  const characters = columns.reduce((sum, column) => {
    const cells = measured.map((row) => formatter.value(row[column.key] ?? null, column).length)
    const words = column.label.split(' ').map((word) => word.length)
    const longest = [...cells, ...words].reduce((most, length) => Math.max(most, length), 0)
    return sum + 3 + Math.min(longest, CELL_CHARACTERS_MAX)
  }, 0)
  if (characters <= PORTRAIT_CHARACTERS) return 'portrait'
  return characters <= LANDSCAPE_CHARACTERS ? 'landscape' : 'dense'
}
