import { type Options, stringify } from 'csv-stringify/sync'
import type { Block, Check, Column, Document, DocumentMeta, Figure, Format, Row, Table } from '../document.ts'
import { chartTable } from './chart/chart-table.ts'
import type { Renderer } from './renderer.ts'
import { assertOwnIds } from './value/block-ids.ts'
import { changeOf, targetWord } from './value/change.ts'
import { assertValue, currencyOf } from './value/quantity.ts'
import { rawText } from './value/raw-value.ts'
import { readRows } from './value/table-rows.ts'
import { createTotals } from './value/totals.ts'

type Field = string | null
type Fields = Field[]

/** Records turned into text at once: one by one they would cost a step of a stream each. */
const BATCH_RECORDS = 500

/** Text a spreadsheet would take for a formula (OWASP, with its full-width forms and line breaks). */
const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠]/

/**
 * One file for people and programs: sections parted by empty lines, in the order report, figures, checks, tables,
 * charts, notes. A section begins with the record `Section,<id>,<title>`, then comes a header, then records. UTF-8 with
 * BOM, CRLF, commas, quotes as in RFC 4180.
 *
 * Numbers, money (major units, decimal point), shares (fractions), durations (seconds), days and instants are raw and
 * are never altered; headers name the unit. Only text is guarded: an apostrophe goes before text that begins like a
 * formula. A totals record, where a table has one, comes last in its section and begins with `Total` (or with the total
 * of the first column).
 */
export const csvRenderer: Renderer = {
  format: 'csv',
  mediaType: 'text/csv; charset=utf-8',
  extension: 'csv',
  async *render(document, { signal }) {
    yield Buffer.from('\ufeff')
    let batch: Fields[] = []
    for await (const record of records(document, signal)) {
      batch.push(record)
      if (batch.length < BATCH_RECORDS) continue
      yield Buffer.from(stringify(batch, OPTIONS))
      batch = []
    }
    yield Buffer.from(stringify(batch, OPTIONS))
  },
}

/** A field that holds a lone line break must be quoted too, which the library forgets when lines end in CRLF. */
const OPTIONS: Options = { record_delimiter: 'windows', quoted_match: /[\r\n]/, cast: { string: quotedWhenEmpty } }

/** An empty text is `""`, no value is nothing at all; a record of one empty text is no empty line either. */
function quotedWhenEmpty(text: string): string | { value: string; quoted_empty: boolean } {
  return text === '' ? { value: '', quoted_empty: true } : text
}

async function* records(document: Document, signal: AbortSignal): AsyncGenerator<Fields> {
  const { meta, blocks } = document
  assertOwnIds(blocks)
  yield* metaRecords(meta)
  for (const block of only(blocks, 'figures')) yield* figureRecords(block, meta)
  for (const block of only(blocks, 'checks')) yield* checkRecords(block, meta)
  for (const table of only(blocks, 'table')) yield* tableRecords(table, meta, signal)
  for (const chart of only(blocks, 'chart')) yield* tableRecords(chartTable(chart), meta, signal)
  yield* textRecords(blocks)
}

function only<Kind extends Block['kind']>(blocks: Block[], kind: Kind): Extract<Block, { kind: Kind }>[] {
  return blocks.filter((block): block is Extract<Block, { kind: Kind }> => block.kind === kind)
}

function* metaRecords(meta: DocumentMeta): Generator<Fields> {
  yield ['Section', 'report', guarded(meta.title)]
  yield ['Client', guarded(meta.client.name)]
  yield ['Client id', meta.client.id]
  yield ['Window', guarded(meta.windowLabel)]
  yield ['From (included)', meta.window.from]
  yield ['To (not included)', meta.window.to]
  yield ['Time zone', meta.timeZone]
  yield ['Currency', meta.currency]
  yield ['Data as of', rawText(meta.dataAsOf, { type: 'datetime' }, meta)]
  yield ['Status', meta.provisionalDays.length === 0 ? 'final' : 'provisional']
  yield ['Provisional days', meta.provisionalDays.join(' ')]
  yield ['Facts left out', String(meta.quarantinedFacts)]
  yield ['Execution', meta.executionId]
  yield ['Generated', rawText(meta.generatedAt, { type: 'datetime' }, meta)]
}

function* sectionRecords(id: string, title: string): Generator<Fields> {
  yield []
  yield ['Section', id, guarded(title)]
}

function* figureRecords(
  { id, title, figures }: Extract<Block, { kind: 'figures' }>,
  meta: DocumentMeta,
): Generator<Fields> {
  yield* sectionRecords(id, title)
  yield [
    'Figure',
    'Unit',
    'Value',
    'Compared with',
    'Earlier value',
    'Change (fraction)',
    'Target',
    'Target value',
    'Target is',
  ]
  for (const figure of figures) yield* oneFigure(figure, meta)
}

/** A record for each comparison; one without, where there is none. */
function* oneFigure(figure: Figure, meta: DocumentMeta): Generator<Fields> {
  assertValue(figure.value, figure, `the figure "${figure.label}"`)
  const start = [guarded(figure.label), unitOf(figure, meta.currency), rawField(figure.value, figure, meta)]
  const { target } = figure
  const end =
    target === undefined
      ? [null, null, null]
      : [guarded(target.label), rawField(target.value, figure, meta), targetWord(target)]
  const comparisons = figure.comparisons ?? []
  if (comparisons.length === 0) yield [...start, null, null, null, ...end]
  for (const { label, value } of comparisons) {
    assertValue(value, figure, `"${label}" of the figure "${figure.label}"`)
    const share = changeOf(figure, figure.value, value, meta.currency)?.share ?? null
    yield [
      ...start,
      guarded(label),
      rawField(value, figure, meta),
      share === null ? null : String(Number(share.toFixed(6))),
      ...end,
    ]
  }
}

function* checkRecords(
  { id, title, checks }: Extract<Block, { kind: 'checks' }>,
  meta: DocumentMeta,
): Generator<Fields> {
  yield* sectionRecords(id, title)
  yield ['Check', 'Unit', 'One side', 'Other side', 'Result']
  for (const check of checks) yield checkRecord(check, meta)
}

function checkRecord(check: Check, meta: DocumentMeta): Fields {
  assertValue(check.left, check, `one side of the check "${check.label}"`)
  assertValue(check.right, check, `the other side of the check "${check.label}"`)
  const sides = [rawField(check.left, check, meta), rawField(check.right, check, meta)]
  return [guarded(check.label), unitOf(check, meta.currency), ...sides, check.holds ? 'holds' : 'does not hold']
}

async function* tableRecords(table: Table, meta: DocumentMeta, signal: AbortSignal): AsyncGenerator<Fields> {
  const { columns } = table
  yield* sectionRecords(table.id, table.title)
  yield columns.map((column) => headField(column, meta.currency))
  const totals = createTotals(columns, meta.currency)
  let count = 0
  for await (const row of readRows(table, signal)) {
    count += 1
    totals.add(row)
    yield rowRecord(row, columns, meta)
  }
  const sums = count === 0 ? null : totals.result()
  if (sums !== null) {
    yield columns.map((column, index) => {
      const total = sums[index]
      if (total === undefined) return index === 0 ? 'Total' : null
      return rawField(total, column, meta)
    })
  }
}

function rowRecord(row: Row, columns: Column[], meta: DocumentMeta): Fields {
  const fields = columns.map((column) => rawField(row[column.key] ?? null, column, meta))
  // A lone empty field would be an empty line, and end the section.
  return fields.length === 1 && fields[0] === null ? [''] : fields
}

/** Paragraphs and notes, and what stands under tables, so that nothing said in the other formats is missing here. */
function* textRecords(blocks: Block[]): Generator<Fields> {
  const texts = blocks.flatMap((block): Fields[] => {
    if (block.kind === 'paragraph') return [['text', guarded(block.text)]]
    if (block.kind === 'note') return [[block.tone, guarded(block.text)]]
    return block.kind === 'table' && block.note !== undefined ? [[block.id, guarded(block.note)]] : []
  })
  if (texts.length === 0) return
  yield* sectionRecords('notes', 'Notes')
  yield ['About', 'Text']
  yield* texts
}

function rawField(value: Parameters<typeof rawText>[0], format: Format, meta: DocumentMeta): Field {
  const text = rawText(value, format, meta)
  return text !== null && format.type === 'text' ? guarded(text) : text
}

function guarded(text: string): string {
  return FORMULA_START.test(text) ? `'${text}` : text
}

function headField(column: Column, currency: string): string {
  const unit = unitOf(column, currency)
  return guarded(unit === null ? column.label : `${column.label} (${unit})`)
}

/** What a raw number counts: the currency, a fraction, seconds; null where it counts nothing in particular. */
function unitOf(format: Format, currency: string): string | null {
  if (format.type === 'money') return currencyOf(format, currency)
  if (format.type === 'percent') return 'fraction'
  return format.type === 'duration' ? 'seconds' : null
}
