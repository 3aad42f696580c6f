import type { Block, Chart, Check, Column, Document, DocumentMeta, Figure, Format, Table, Value } from '../document.ts'
import { chartTable } from './chart/chart-table.ts'
import type { Renderer } from './renderer.ts'
import { assertOwnIds } from './value/block-ids.ts'
import { changeOf } from './value/change.ts'
import type { Decimal } from './value/decimal.ts'
import { assertValue, currencyOf } from './value/quantity.ts'
import { rawText } from './value/raw-value.ts'
import { readRows } from './value/table-rows.ts'
import { createTotals } from './value/totals.ts'

/**
 * Names the shape below, as docs/report.schema.json has it; it rises when a member changes its meaning or goes away.
 */
const JSON_SCHEMA_NAME = 'daybreak-report/1'

const CHUNK_CHARACTERS = 1 << 16

/**
 * The document for programs, streamed: `{ schema, meta, outline, figures, checks, charts, tables }`, the last four
 * keyed by block id. docs/report.schema.json is its JSON Schema. `outline` has every block in order, the texts whole
 * and the others by id.
 *
 * Money is a string of major units, such as "-12.50", beside `currency` in its column or figure; every other number is
 * a JSON number (shares as fractions, durations in seconds); instants carry the offset of the document's zone. No value
 * is null. Tables end with `rowCount` and `totals`, which are exact sums.
 */
export const jsonRenderer: Renderer = {
  format: 'json',
  mediaType: 'application/json',
  extension: 'json',
  async *render(document, { signal }) {
    let text = ''
    for await (const piece of pieces(document, signal)) {
      text += piece
      if (text.length < CHUNK_CHARACTERS) continue
      yield Buffer.from(text)
      text = ''
    }
    yield Buffer.from(text)
  },
}

async function* pieces({ meta, blocks }: Document, signal: AbortSignal): AsyncGenerator<string> {
  assertOwnIds(blocks)
  const figures = blocks.filter((block) => block.kind === 'figures')
  const checks = blocks.filter((block) => block.kind === 'checks')
  const charts = blocks.filter((block) => block.kind === 'chart')
  const tables = blocks.filter((block) => block.kind === 'table')
  yield `{"schema":"${JSON_SCHEMA_NAME}",\n"meta":${JSON.stringify(metaOf(meta))},\n"outline":${JSON.stringify(blocks.map(outlineOf))}`
  yield `,\n"figures":${byId(figures, (block) => ({ title: block.title, figures: block.figures.map((figure) => figureOf(figure, meta)) }))}`
  yield `,\n"checks":${byId(checks, (block) => ({ title: block.title, checks: block.checks.map((check) => checkOf(check, meta)) }))}`
  yield ',\n"charts":{'
  yield* joined(charts, (chart) => tablePieces(chartTable(chart), chartHead(chart, meta), meta, signal))
  yield '},\n"tables":{'
  yield* joined(tables, (table) => tablePieces(table, tableHead(table, meta), meta, signal))
  yield '}}\n'
}

async function* joined<Item>(items: Item[], write: (item: Item) => AsyncIterable<string>): AsyncGenerator<string> {
  for (const [index, item] of items.entries()) {
    if (index > 0) yield ','
    yield* write(item)
  }
}

/** A member whose head is known and whose rows follow one by one. */
async function* tablePieces(
  table: Table,
  head: object,
  meta: DocumentMeta,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { columns } = table
  yield `\n${JSON.stringify(table.id)}:${JSON.stringify(head).slice(0, -1)},"rows":[`
  const totals = createTotals(columns, meta.currency)
  let count = 0
  for await (const row of readRows(table, signal)) {
    totals.add(row)
    const members = columns.map(
      (column) => `${JSON.stringify(column.key)}:${valueText(row[column.key] ?? null, column, meta)}`,
    )
    yield `${count === 0 ? '' : ','}\n{${members.join(',')}}`
    count += 1
  }
  const sums = totals.result()
  const members = columns.flatMap((column, index) => {
    const total = sums?.[index]
    return total === undefined ? [] : [`${JSON.stringify(column.key)}:${valueText(total, column, meta)}`]
  })
  yield `],"rowCount":${count},"totals":${sums === null ? 'null' : `{${members.join(',')}}`}}`
}

/** A value as JSON text: money and whatever is not a number quoted, numbers as their exact digits. */
function valueText(value: Value | Decimal, format: Format, meta: DocumentMeta): string {
  const raw = rawText(value, format, meta)
  if (raw === null) return 'null'
  return format.type === 'money' || typeof value === 'string' ? JSON.stringify(raw) : raw
}

function valueOf(value: Value, format: Format, meta: DocumentMeta): Value {
  return typeof value === 'number' && format.type !== 'money' ? value + 0 : rawText(value, format, meta)
}

function metaOf(meta: DocumentMeta): object {
  const { provisionalDays } = meta
  return { ...meta, status: provisionalDays.length === 0 ? 'final' : 'provisional' }
}

function outlineOf(block: Block): object {
  return 'id' in block ? { kind: block.kind, id: block.id } : block
}

function byId<Item extends { id: string }>(items: Item[], content: (item: Item) => object): string {
  return JSON.stringify(Object.fromEntries(items.map((item) => [item.id, content(item)])))
}

function figureOf(figure: Figure, meta: DocumentMeta): object {
  assertValue(figure.value, figure, `the figure "${figure.label}"`)
  const { target } = figure
  return {
    label: figure.label,
    ...formatOf(figure, meta),
    value: valueOf(figure.value, figure, meta),
    comparisons: (figure.comparisons ?? []).map(({ label, value }) => {
      assertValue(value, figure, `"${label}" of the figure "${figure.label}"`)
      const share = changeOf(figure, figure.value, value, meta.currency)?.share ?? null
      return { label, value: valueOf(value, figure, meta), change: share === null ? null : Number(share.toFixed(6)) }
    }),
    ...(target === undefined
      ? {}
      : { target: { label: target.label, value: valueOf(target.value, figure, meta), met: target.met } }),
  }
}

function checkOf(check: Check, meta: DocumentMeta): object {
  assertValue(check.left, check, `one side of the check "${check.label}"`)
  assertValue(check.right, check, `the other side of the check "${check.label}"`)
  const { label, left, right, holds } = check
  return {
    label,
    ...formatOf(check, meta),
    left: valueOf(left, check, meta),
    right: valueOf(right, check, meta),
    holds,
  }
}

function chartHead({ title, shape, description, category, series, ...chart }: Chart, meta: DocumentMeta): object {
  return {
    title,
    shape,
    description,
    category: category.key,
    series: series.map(({ key, band }) => (band === undefined ? { key } : { key, band })),
    columns: chartTable({ title, shape, description, category, series, ...chart }).columns.map((column) =>
      columnOf(column, meta),
    ),
  }
}

function tableHead({ title, columns, note }: Table, meta: DocumentMeta): object {
  return { title, ...(note === undefined ? {} : { note }), columns: columns.map((column) => columnOf(column, meta)) }
}

function columnOf(column: Column, meta: DocumentMeta): object {
  return { key: column.key, label: column.label, ...formatOf(column, meta) }
}

function formatOf(format: Format, meta: DocumentMeta): object {
  const { type, digits } = format
  return {
    type,
    ...(type === 'money' ? { currency: currencyOf(format, meta.currency) } : {}),
    ...(digits === undefined ? {} : { digits }),
  }
}
