import { RECORD_MAX } from './csv/csv-reader.ts'
import { type FileChunk, readBytes } from './file-bytes.ts'
import type { FileStart } from './file-start.ts'
import { createGatherer, type Gatherer } from './gather.ts'
import type { SourceFile } from './source.ts'

/** A page is what this many bytes hold: few enough that its lines die young, which is what keeps the program small. */
const PIECE_BYTES = 1 << 13
/** What is shown of a line that is too long. */
const SHOWN_MAX = 500

/** A line without its end. `isTooLong`: it has more than RECORD_MAX characters, and `text` is its beginning. */
export type Line = { line: number; text: string; isTooLong: boolean }

export type LinePage = { lines: Line[]; bytesRead: number }

/** The lines of a file of UTF-8, page by page. One that is too long is skipped without being held. */
export async function* readLines(file: SourceFile, start: FileStart): AsyncGenerator<LinePage, void> {
  const decoder = new TextDecoder()
  const state: State = { line: 1, gatherer: createGatherer(RECORD_MAX + 1), isSkipping: false }
  let last: FileChunk = { bytes: Buffer.alloc(0), bytesRead: 0 }
  for await (const chunk of readBytes(file, start)) {
    for (let at = 0; at < chunk.bytes.length; at += PIECE_BYTES) {
      const text = decoder.decode(chunk.bytes.subarray(at, at + PIECE_BYTES), { stream: true })
      yield { lines: takeLines(state, state.gatherer.add(text)), bytesRead: last.bytesRead }
    }
    last = chunk
  }
  yield { lines: takeLines(state, `${state.gatherer.rest()}${decoder.decode()}\n`), bytesRead: last.bytesRead }
}

type State = {
  line: number
  /** Holds the beginning of a line that is not all there yet. */
  gatherer: Gatherer
  isSkipping: boolean
}

function takeLines(state: State, text: string | null): Line[] {
  const lines: Line[] = []
  if (text === null) return lines
  let at = 0
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
    if (!state.isSkipping) lines.push({ line: state.line, text: text.slice(at, end), isTooLong: false })
    state.isSkipping = false
    state.line += 1
    at = end + 1
  }
  if (text.length - at > RECORD_MAX && !state.isSkipping) {
    lines.push({ line: state.line, text: text.slice(at, at + SHOWN_MAX), isTooLong: true })
    state.isSkipping = true
  }
  state.gatherer.keep(state.isSkipping ? '' : text.slice(at))
  return lines
}
