import { parseQuotedRecord } from './quoted-record.ts'
import type { SourceRecord } from './source.ts'

/** A line that is no record, and why; `text` is its beginning. */
export type BrokenLine = { line: number; text: string; reason: string }

export type CsvSink = {
  record(record: SourceRecord): void
  broken(line: BrokenLine): void
}

export type CsvReader = {
  write(text: string): void
  end(): void
}

/** A record longer than this is refused: whoever opens a quote and never closes it must not fill the memory. */
export const RECORD_MAX = 1 << 20

const BROKEN_TEXT_MAX = 500

/**
 * Reads CSV (RFC 4180) piece by piece: LF or CR LF, quoted fields with delimiters, quotes and line ends inside. What is wrong costs
 * one line, never the ones after it: the reader goes on with the next line, whether a quote is not closed, text follows a closing
 * quote, or a line has no end within RECORD_MAX (then it is skipped without being held). Empty lines are passed over.
 *
 * Why not csv-parse: docs/adr/0005-a-csv-reader-of-our-own.md.
 */
export function createCsvReader(delimiter: string, sink: CsvSink): CsvReader {
  const state: State = { delimiter, sink, line: 1, rest: '', skipping: false }
  return {
    write: (text) => take(state, state.rest + text, false),
    end: () => take(state, state.rest, true),
  }
}

type State = {
  delimiter: string
  sink: CsvSink
  /** The line that `rest` begins on. */
  line: number
  /** The beginning of a record that is not all there yet. */
  rest: string
  /** Inside a line that was refused for its length. */
  skipping: boolean
}

function take(state: State, text: string, final: boolean): void {
  let at = 0
  let quote = text.indexOf('"')
  while (at < text.length) {
    const found = text.indexOf('\n', at)
    const lineEnd = found === -1 && final ? text.length : found
    if (quote !== -1 && quote < at) quote = text.indexOf('"', at)
    const hasQuote = quote !== -1 && (lineEnd === -1 || quote < lineEnd)
    const next =
      hasQuote && !state.skipping ? takeQuoted(state, text, at, lineEnd, final) : takeLine(state, text, at, lineEnd)
    if (next === at) break
    at = next
  }
  state.rest = state.skipping ? '' : text.slice(at)
  if (state.rest.length > RECORD_MAX) {
    refuse(state, state.rest, `is longer than ${RECORD_MAX} characters without a line end`)
    state.skipping = true
    state.rest = ''
  }
}

/** Takes a line without quotes. Returns where the next one begins, or `at` when the line is not all there. */
function takeLine(state: State, text: string, at: number, lineEnd: number): number {
  if (lineEnd === -1) return at
  if (!state.skipping) {
    const end = lineEnd > at && text.charCodeAt(lineEnd - 1) === 13 ? lineEnd - 1 : lineEnd
    const record = text.slice(at, end)
    if (record !== '') {
      state.sink.record({ line: state.line, fields: record.split(state.delimiter), text: record })
    }
  }
  state.skipping = false
  state.line += 1
  return lineEnd + 1
}

/** Takes a record that holds a quote, or refuses the line it begins on. Returns as takeLine does. */
function takeQuoted(state: State, text: string, at: number, lineEnd: number, final: boolean): number {
  const parsed = parseQuotedRecord(text, at, state.delimiter, final)
  if (parsed !== null && 'fields' in parsed) {
    const record = text.slice(at, parsed.end)
    state.sink.record({ line: state.line, fields: parsed.fields, text: record.replace(/\r$/, '') })
    state.line += 1 + count(record, '\n')
    return parsed.end + 1
  }
  const mayGoOn = parsed === null && !final && text.length - at <= RECORD_MAX
  if (mayGoOn || lineEnd === -1) return at
  const reason = parsed?.reason ?? 'opens a quote that is not closed: is the file cut off, or a quote not doubled?'
  refuse(state, text.slice(at, lineEnd).replace(/\r$/, ''), reason)
  state.line += 1
  return lineEnd + 1
}

function refuse({ sink, line }: State, text: string, reason: string): void {
  sink.broken({ line, text: text.slice(0, BROKEN_TEXT_MAX), reason })
}

function count(text: string, char: string): number {
  let found = 0
  for (let at = text.indexOf(char); at !== -1; at = text.indexOf(char, at + 1)) found += 1
  return found
}
