import { InputError } from '../../../errors.ts'
import { createGatherer, type Gatherer } from '../gather.ts'
import type { SourceRecord } from '../source.ts'
import { parseQuotedRecord } from './quoted-record.ts'

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
 * What may be read a second time, beside as much as the file has: a record that breaks off lines below its first is
 * read again from its second.
 */
const AGAIN_MIN = 16 << 20

/**
 * Reads CSV (RFC 4180) piece by piece: LF or CR LF, quoted fields with delimiters, quotes and line ends inside. What is
 * wrong costs one line, never the ones after it: the reader goes on with the next line, whether a quote is not closed,
 * text follows a closing quote, or a line has no end within RECORD_MAX (then it is skipped without being held). Empty
 * lines are passed over. Throws an InputError for a file in which nearly every line opens a quote that none closes: to
 * look for the end of each would take as long as the file is, each time.
 *
 * Why not csv-parse: docs/adr/0005-a-csv-reader-of-our-own.md.
 */
export function createCsvReader(delimiter: string, sink: CsvSink): CsvReader {
  const gatherer = createGatherer(RECORD_MAX + 1)
  const state: State = { delimiter, sink, line: 1, gatherer, skipping: false, read: 0, again: 0 }
  return {
    write(piece) {
      state.read += piece.length
      const text = gatherer.add(piece)
      if (text !== null) take(state, text, false)
    },
    end: () => take(state, gatherer.rest(), true),
  }
}

type State = {
  delimiter: string
  sink: CsvSink
  /** The line that what is gathered begins on. */
  line: number
  /** Holds the beginning of a record that is not all there yet. */
  gatherer: Gatherer
  /** Inside a line that was refused for its length. */
  skipping: boolean
  /** Characters of the file so far, and those of them that were read in vain. */
  read: number
  again: number
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
  const isTooLong = text.length - at > RECORD_MAX
  if (isTooLong && !state.skipping) {
    refuse(state, text.slice(at), `is longer than ${RECORD_MAX} characters without a line end`)
    state.skipping = true
  }
  state.gatherer.keep(state.skipping ? '' : text.slice(at))
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
  countAgain(state, Math.max(0, (parsed?.at ?? text.length) - lineEnd))
  const reason = parsed?.reason ?? 'opens a quote that is not closed: is the file cut off, or a quote not doubled?'
  refuse(state, text.slice(at, lineEnd).replace(/\r$/, ''), reason)
  state.line += 1
  return lineEnd + 1
}

function countAgain(state: State, length: number): void {
  state.again += length
  if (state.again <= AGAIN_MIN + state.read) return
  throw new InputError(
    'broken-quotes',
    `Too many lines, up to line ${state.line}, open a quote that is closed nowhere: double the quotes inside quotes, or name another delimiter in the mapping.`,
  )
}

function refuse({ sink, line }: State, text: string, reason: string): void {
  sink.broken({ line, text: text.slice(0, BROKEN_TEXT_MAX), reason })
}

function count(text: string, char: string): number {
  let found = 0
  for (let at = text.indexOf(char); at !== -1; at = text.indexOf(char, at + 1)) found += 1
  return found
}
