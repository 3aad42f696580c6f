import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { InputError, messageOf } from '../errors.ts'
import { createCsvReader } from './csv-reader.ts'
import type { RecordPage, RecordSource, Reject, SourceRecord } from './source.ts'

const CHUNK_BYTES = 1 << 16

/** A page is what this many bytes hold: few enough that its records die young, which is what keeps the program small. */
const PIECE_BYTES = 1 << 13

export type CsvOptions = { delimiter: string; encoding: 'utf-8' | 'windows-1252' | 'utf-16le' }

/** Opens a CSV file with a header. Throws an InputError for what holds no rows or is no text. */
export async function openCsv(path: string, options: CsvOptions): Promise<RecordSource> {
  const bytesTotal = await sizeOf(path)
  const state: HeaderState = { header: [] }
  const pages = readPages(path, options, state)
  try {
    const first = await readHeader(path, pages, state)
    checkHeader(path, state.header, options.delimiter)
    return {
      header: state.header,
      bytesTotal,
      pages: followedBy(first, pages),
      async close() {
        await pages.return(undefined)
      },
    }
  } catch (error) {
    await pages.return(undefined)
    throw error
  }
}

type HeaderState = { header: string[] }

/** Reads on until the header is known. Returns the pages that this took. */
async function readHeader(
  path: string,
  pages: AsyncGenerator<RecordPage, void>,
  state: HeaderState,
): Promise<RecordPage[]> {
  const first: RecordPage[] = []
  for (;;) {
    const { value, done } = await pages.next()
    if (done === true) throw new InputError('no-rows', `${path} holds no rows: it is empty.`)
    const [broken] = value.rejects
    if (state.header.length === 0 && broken !== undefined) {
      throw new InputError('bad-header', `The header of ${path} cannot be read: it ${broken.reason}.`)
    }
    first.push(value)
    if (state.header.length > 0) return first
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error)
  })
  if (file.isDirectory()) throw new InputError('not-a-file', `${path} is a folder; name a file.`)
  return file.isFile() ? file.size : 0
}

function unreadable(path: string, error: NodeJS.ErrnoException): InputError {
  if (error.code === 'ENOENT') return new InputError('no-such-file', `There is no file ${path}.`)
  if (error.code === 'EACCES') return new InputError('unreadable', `${path} may not be read by this account.`)
  return new InputError('unreadable', `${path} cannot be read: ${messageOf(error)}.`)
}

/** One page for each piece of the file. The first record becomes the header. */
async function* readPages(path: string, options: CsvOptions, state: HeaderState): AsyncGenerator<RecordPage, void> {
  const decoder = new TextDecoder(options.encoding)
  let page: RecordPage = { records: [], rejects: [], bytesRead: 0, note: null }
  const reader = createCsvReader(options.delimiter, {
    record(record) {
      if (state.header.length === 0) state.header = record.fields.map((name) => name.trim())
      else if (!record.fields.every(isBlank)) takeRecord(record, state.header, options, page)
    },
    broken: (line) => page.rejects.push({ ...line, column: '', value: '' }),
  })
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  let bytesRead = 0
  let endsLine = true
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (bytesRead === 0) refuseForeign(path, chunk, options.encoding)
      endsLine = chunk.at(-1) === NEWLINE
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES)
        bytesRead += piece.length
        reader.write(decoder.decode(piece, { stream: true }))
        yield { ...page, bytesRead }
        page = { records: [], rejects: [], bytesRead, note: null }
      }
    }
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(path, error as NodeJS.ErrnoException)
  }
  reader.write(decoder.decode())
  reader.end()
  yield { ...page, bytesRead, note: endsLine || bytesRead === 0 || options.encoding === 'utf-16le' ? null : UNFINISHED }
}

const NEWLINE = 10
const UNFINISHED = 'The last line has no line end: if the file was cut off there, its last value may be short.'

function isBlank(field: string): boolean {
  return field === '' || field.trim() === ''
}

/** Keeps a record that is whole and readable, and rejects any other. */
function takeRecord(record: SourceRecord, header: readonly string[], options: CsvOptions, page: RecordPage): void {
  const { line, fields, text } = record
  if (fields.length !== header.length) {
    const reason = `has ${fields.length} fields where the header has ${header.length}`
    page.rejects.push({ line, column: '', value: '', reason, text })
  } else if (options.encoding === 'utf-8' && text.includes('\uFFFD')) {
    page.rejects.push(notUtf8(record, header))
  } else {
    page.records.push(record)
  }
}

function notUtf8({ line, fields, text }: SourceRecord, header: readonly string[]): Reject {
  const at = fields.findIndex((field) => field.includes('\uFFFD'))
  const reason =
    'is not UTF-8; if the whole file is in another encoding, name it in the mapping ("encoding": "windows-1252")'
  return { line, column: header[at] ?? '', value: fields[at] ?? '', reason, text }
}

/** Says what a file is that is no text in the encoding the mapping names. */
function refuseForeign(path: string, start: Buffer, encoding: CsvOptions['encoding']): void {
  const is = (...bytes: number[]) => bytes.every((byte, index) => start[index] === byte)
  if (is(0x50, 0x4b, 3, 4)) throw foreign(path, 'a ZIP archive or an Excel workbook; save it as CSV')
  if (is(0x1f, 0x8b)) throw foreign(path, 'compressed with gzip; unpack it first')
  if (is(0xfe, 0xff)) throw foreign(path, 'UTF-16 (big endian); save it as UTF-8')
  const utf16 = is(0xff, 0xfe) || (start.length > 3 && start[1] === 0 && start[3] === 0)
  if (utf16 && encoding !== 'utf-16le') {
    throw foreign(path, 'UTF-16; save it as UTF-8, or give the mapping "encoding": "utf-16le"')
  }
}

function foreign(path: string, what: string): InputError {
  return new InputError('foreign-file', `${path} is ${what}.`)
}

function checkHeader(path: string, header: readonly string[], delimiter: string): void {
  const text = header.join(delimiter)
  if (text.includes('\uFFFD')) throw new InputError('bad-header', `The header of ${path} is not UTF-8.`)
  if (/\r/.test(text))
    throw new InputError('bad-header', `The lines of ${path} end in CR alone; save it with LF or CR LF.`)
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index)
  if (twice !== undefined) throw new InputError('bad-header', `The header of ${path} names "${twice}" twice.`)
  const other = [';', ',', '\t', '|'].find((char) => char !== delimiter && text.split(char).length > 2)
  if (header.length === 1 && other !== undefined) {
    const shown = JSON.stringify(other)
    throw new InputError(
      'bad-header',
      `The header of ${path} seems parted by ${shown}: give the mapping "delimiter": ${shown}.`,
    )
  }
}

async function* followedBy(first: readonly RecordPage[], rest: AsyncIterable<RecordPage>): AsyncGenerator<RecordPage> {
  yield* first
  yield* rest
}
