import { InputError } from '../../../errors.ts'
import type { Called } from '../called.ts'
import { readBytes } from '../file-bytes.ts'
import { checkColumns } from '../file-fault.ts'
import type { FileStart } from '../file-start.ts'
import { foreign } from '../format.ts'
import type { RecordPage, RecordSource, Reject, SourceFile, SourceOptions, SourceRecord } from '../source.ts'
import { createCsvReader } from './csv-reader.ts'

/**
 * A page is what this many bytes hold: few enough that its records die young, which is what keeps the program small.
 */
const PIECE_BYTES = 1 << 13

type CsvOptions = Pick<SourceOptions, 'delimiter' | 'encoding'>

/** Opens a CSV file with a header. Throws an InputError for what holds no rows or is no text. */
export async function openCsv(file: SourceFile, start: FileStart, options: CsvOptions): Promise<RecordSource> {
  const state: HeaderState = { header: [] }
  const pages = readPages(file, start, options, state)
  try {
    const first = await readHeader(file.called, pages, state)
    checkHeader(file.called, state.header, options.delimiter)
    return {
      header: state.header,
      bytesTotal: start.bytesTotal,
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
  name: Called,
  pages: AsyncGenerator<RecordPage, void>,
  state: HeaderState,
): Promise<RecordPage[]> {
  const first: RecordPage[] = []
  for (;;) {
    const { value, done } = await pages.next()
    if (done === true) throw new InputError('no-rows', `${name} holds no rows: it is empty.`)
    const [broken] = value.rejects
    if (state.header.length === 0 && broken !== undefined) {
      throw new InputError('bad-header', `The header of ${name} cannot be read: it ${broken.reason}.`)
    }
    first.push(value)
    if (state.header.length > 0) return first
  }
}

/** One page for each piece of the file. The first record becomes the header. */
async function* readPages(
  file: SourceFile,
  start: FileStart,
  options: CsvOptions,
  state: HeaderState,
): AsyncGenerator<RecordPage, void> {
  const decoder = new TextDecoder(options.encoding)
  let page: RecordPage = { records: [], rejects: [], bytesRead: 0, note: null }
  const reader = createCsvReader(options.delimiter, {
    record(record) {
      if (state.header.length === 0) state.header = record.fields.map((name) => name.trim())
      else if (!record.fields.every(isBlank)) takeRecord(record, state.header, options, page)
    },
    broken: (line) => page.rejects.push({ ...line, column: '', value: '' }),
  })
  let bytesRead = 0
  let isFirst = true
  let endsLine = true
  for await (const chunk of readBytes(file, start)) {
    if (isFirst) refuseForeign(file.called, chunk.bytes, options.encoding)
    isFirst = false
    endsLine = chunk.bytes.at(-1) === NEWLINE
    for (let at = 0; at < chunk.bytes.length; at += PIECE_BYTES) {
      reader.write(decoder.decode(chunk.bytes.subarray(at, at + PIECE_BYTES), { stream: true }))
      yield { ...page, bytesRead }
      page = { records: [], rejects: [], bytesRead, note: null }
    }
    bytesRead = chunk.bytesRead
  }
  reader.write(decoder.decode())
  reader.end()
  yield { ...page, bytesRead, note: endsLine || isFirst || options.encoding === 'utf-16le' ? null : UNFINISHED }
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
function refuseForeign(name: Called, start: Buffer, encoding: CsvOptions['encoding']): void {
  const is = (...bytes: number[]) => bytes.every((byte, index) => start[index] === byte)
  if (is(0x50, 0x4b, 3, 4))
    throw foreign(name, 'a ZIP archive or a workbook, not CSV; leave --format away, or save it as CSV')
  if (is(0x1f, 0x8b)) throw foreign(name, 'a pipe of what gzip packed; unpack it on the way (gzip -dc)')
  if (is(0xfe, 0xff)) throw foreign(name, 'UTF-16 (big endian); save it as UTF-8')
  const utf16 = is(0xff, 0xfe) || (start.length > 3 && start[1] === 0 && start[3] === 0)
  if (utf16 && encoding !== 'utf-16le') {
    throw foreign(name, 'UTF-16; save it as UTF-8, or give the mapping "encoding": "utf-16le"')
  }
}

function checkHeader(file: Called, header: readonly string[], delimiter: string): void {
  const text = header.join(delimiter)
  if (text.includes('\uFFFD')) throw new InputError('bad-header', `The header of ${file} is not UTF-8.`)
  if (/\r/.test(text))
    throw new InputError('bad-header', `The lines of ${file} end in CR alone; save it with LF or CR LF.`)
  checkColumns(file, header)
  const other = [';', ',', '\t', '|'].find((char) => char !== delimiter && text.split(char).length > 2)
  if (header.length === 1 && other !== undefined) {
    const shown = JSON.stringify(other)
    throw new InputError(
      'bad-header',
      `The header of ${file} seems parted by ${shown}: give the mapping "delimiter": ${shown}.`,
    )
  }
}

async function* followedBy(first: readonly RecordPage[], rest: AsyncIterable<RecordPage>): AsyncGenerator<RecordPage> {
  yield* first
  yield* rest
}
