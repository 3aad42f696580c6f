import { InputError } from '../../../errors.ts'
import type { Called } from '../called.ts'
import type { Workbook } from './workbook.ts'
import { createXmlReader, LimitError } from './xml-reader.ts'

const CHUNK_BYTES = 1 << 20
/** All texts together; a workbook with more is better a CSV file. */
const TEXT_BYTES_MAX = 192 << 20
const STRINGS_FIRST = 1 << 12
const STRINGS_MAX = 1 << 23
/** Of one text. What a cell may hold is 32,767, of which some may be escaped. */
export const TEXT_CHARS_MAX = 1 << 17
/** Chunk, begin and length of each. */
const NUMBERS = 3

/** The texts that cells refer to by their number. */
export type SharedStrings = (index: number) => string | null

/**
 * Reads the texts of a workbook. They are kept as bytes in few large pieces: a million strings of their own would be
 * five times as much. Throws an InputError when they are too many to keep.
 */
export async function readSharedStrings(name: Called, workbook: Workbook): Promise<SharedStrings> {
  const store = createStore(name)
  if (workbook.stringsPart !== null) {
    let text = ''
    let isText = false
    let phonetic = 0
    const reader = createXmlReader({
      open(element) {
        if (element === 'si') text = ''
        else if (element === 'rPh') phonetic += 1
        else isText = element === 't' && phonetic === 0
      },
      text(piece) {
        if (!isText) return
        if (text.length + piece.length > TEXT_CHARS_MAX) throw new LimitError('it has a text too long for any cell')
        text += piece
      },
      close(element) {
        isText = false
        if (element === 'rPh') phonetic -= 1
        if (element === 'si') store.add(unescapeControls(text))
      },
    })
    for await (const { text: piece } of workbook.read(workbook.stringsPart)) reader.write(piece)
    reader.end()
  }
  return store.at
}

/** `_x000D_` stands for a character that XML cannot hold. */
export function unescapeControls(text: string): string {
  if (!text.includes('_x')) return text
  return text.replaceAll(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

function createStore(name: Called): { add(text: string): void; at: SharedStrings } {
  const chunks: Buffer[] = []
  let places = new Uint32Array(STRINGS_FIRST * NUMBERS)
  let count = 0
  let bytes = 0
  let free = 0
  return {
    add(text) {
      const length = Buffer.byteLength(text)
      bytes += length
      if (bytes > TEXT_BYTES_MAX || count === STRINGS_MAX) {
        const what = `${TEXT_BYTES_MAX >> 20} MB of text, or ${STRINGS_MAX} different ones`
        throw new InputError('too-large', `${name} holds more than ${what}; save the sheet as CSV.`)
      }
      if ((chunks.at(-1)?.length ?? 0) - free < length) {
        chunks.push(Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length)))
        free = 0
      }
      if ((count + 1) * NUMBERS > places.length) places = doubled(places)
      places.set([chunks.length - 1, free, length], count * NUMBERS)
      chunks.at(-1)?.write(text, free)
      free += length
      count += 1
    },
    at(index) {
      const place = index * NUMBERS
      if (!Number.isInteger(index) || index < 0 || index >= count) return null
      const begin = places[place + 1] ?? 0
      return chunks[places[place] ?? 0]?.toString('utf8', begin, begin + (places[place + 2] ?? 0)) ?? null
    },
  }
}

function doubled(places: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(places.length * 2)
  larger.set(places)
  return larger
}
