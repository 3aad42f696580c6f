import yauzl from 'yauzl'
import { InputError, messageOf } from '../../../errors.ts'
import type { Called } from '../called.ts'
import { checkGrowth } from '../file-bytes.ts'
import { FileFault } from '../file-fault.ts'
import { foreign } from '../format.ts'
import type { SourceFile } from '../source.ts'
import { createXmlReader, LimitError, type XmlHandlers } from './xml-reader.ts'

/** Far more parts than any workbook has. */
const PARTS_MAX = 20_000
/** Sheets, and what a part refers to; hundreds are many. */
const RELATIONS_MAX = 5000

export type SheetPlace = { name: string; isHidden: boolean; part: string }

/** A workbook whose directory was read: what is where. */
export type Workbook = {
  sheets: readonly SheetPlace[]
  /** Days are counted from 1904, as workbooks from old Macintoshes do. */
  uses1904: boolean
  /** Parts that a workbook may do without. */
  stringsPart: string | null
  stylesPart: string | null
  /** The text of a part, in pieces, with how much of it has been read (0 to 1). */
  read(part: string): AsyncGenerator<{ text: string; share: number }>
  close(): void
}

/** Opens a workbook. Throws an InputError for what is none, or is damaged. */
export async function openWorkbook(file: SourceFile): Promise<Workbook> {
  const zip = await yauzl.openPromise(file.path, { autoClose: false, lazyEntries: true }).catch((error: unknown) => {
    throw broken(file.called, error)
  })
  try {
    const entries = await entriesOf(file.called, zip)
    const read = (part: string) => readPart(file.called, zip, entries, part)
    return { ...(await describe(file.called, entries, read)), read, close: () => zip.close() }
  } catch (error) {
    zip.close()
    throw error instanceof InputError ? error : broken(file.called, error)
  }
}

const GET_ANEW = 'If it is cut off or damaged, get it again.'

/** What a part that cannot be read means for whoever named the file. */
export function broken(name: Called, error: unknown): InputError {
  if (error instanceof InputError) return error
  const what = messageOf(error).replace(/\.$/, '')
  if (error instanceof LimitError) {
    return new InputError('broken-file', `${name} cannot be read as a workbook: ${what}. ${GET_ANEW}`)
  }
  return new FileFault('broken-file', `${name} cannot be read as a workbook. ${GET_ANEW}`, `What is wrong: ${what}.`)
}

/** Reads a whole part as XML. */
export async function readXml(workbook: Pick<Workbook, 'read'>, part: string, handlers: XmlHandlers): Promise<void> {
  const reader = createXmlReader(handlers)
  for await (const { text } of workbook.read(part)) reader.write(text)
  reader.end()
}

type Entries = ReadonlyMap<string, yauzl.Entry>

/** By name in lower case, since names of parts know no case. */
async function entriesOf(name: Called, zip: yauzl.ZipFile): Promise<Entries> {
  if (zip.entryCount > PARTS_MAX) throw foreign(name, `an archive of ${zip.entryCount} files, and no workbook`)
  const entries = new Map<string, yauzl.Entry>()
  for await (const entry of zip.eachEntry()) entries.set(entry.fileName.toLowerCase(), entry)
  return entries
}

async function* readPart(
  name: Called,
  zip: yauzl.ZipFile,
  entries: Entries,
  part: string,
): AsyncGenerator<{ text: string; share: number }> {
  const entry = entries.get(part.toLowerCase())
  if (entry === undefined) throw new Error(`its part ${part} is missing`)
  checkGrowth(name, entry.compressedSize, entry.uncompressedSize)
  const stream = await zip.openReadStreamPromise(entry)
  const decoder = new TextDecoder()
  let bytes = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      yield { text: decoder.decode(chunk, { stream: true }), share: bytes / entry.uncompressedSize }
    }
    yield { text: decoder.decode(), share: 1 }
  } finally {
    stream.destroy()
  }
}

type Description = Pick<Workbook, 'sheets' | 'uses1904' | 'stringsPart' | 'stylesPart'>

async function describe(name: Called, entries: Entries, read: Workbook['read']): Promise<Description> {
  refuseOthers(name, entries)
  const root = (await relationsOf({ read }, '', '_rels/.rels')).find(({ type }) => type === 'officeDocument')
  if (root === undefined) throw new Error('it names no workbook')
  const folder = root.target.slice(0, root.target.lastIndexOf('/') + 1)
  const relations = await relationsOf({ read }, folder, `${folder}_rels/${root.target.slice(folder.length)}.rels`)
  const byId = new Map(relations.map((relation) => [relation.id, relation]))
  const partOf = (wanted: string) => relations.find(({ type }) => type === wanted)?.target ?? null
  const sheets: SheetPlace[] = []
  let uses1904 = false
  await readXml({ read }, root.target, {
    open(element, attributes) {
      if (element === 'workbookPr') uses1904 = isTrue(attributes['date1904'])
      if (element !== 'sheet') return
      const id = Object.entries(attributes).find(([key]) => key.endsWith(':id'))?.[1] ?? ''
      const relation = byId.get(id)
      // Sheets of charts and of macros hold no rows.
      if (relation?.type !== 'worksheet') return
      if (sheets.length === RELATIONS_MAX) throw new LimitError(`it has more than ${RELATIONS_MAX} sheets`)
      const isHidden = (attributes['state'] ?? 'visible') !== 'visible'
      sheets.push({ name: attributes['name'] ?? '', isHidden, part: relation.target })
    },
  })
  return { sheets, uses1904, stringsPart: partOf('sharedStrings'), stylesPart: partOf('styles') }
}

function refuseOthers(name: Called, entries: Entries): void {
  if (entries.has('_rels/.rels') && !entries.has('xl/workbook.bin')) return
  if (entries.has('xl/workbook.bin')) throw foreign(name, 'a binary workbook (.xlsb); save it as .xlsx')
  if (entries.has('content.xml')) throw foreign(name, 'an OpenDocument file; save it as .xlsx')
  throw foreign(name, 'a ZIP archive without a workbook in it; unpack it, and import the files it holds')
}

function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true'
}

type Relation = { id: string; type: string; target: string }

/** What a part refers to; targets as names of parts, the type as the last word of its address. */
async function relationsOf(workbook: Pick<Workbook, 'read'>, folder: string, part: string): Promise<Relation[]> {
  const relations: Relation[] = []
  await readXml(workbook, part, {
    open(element, { Id: id = '', Type: type = '', Target: target = '' }) {
      if (element !== 'Relationship') return
      if (relations.length === RELATIONS_MAX) throw new LimitError(`it refers to more than ${RELATIONS_MAX} parts`)
      const absolute = new URL(target, `part:///${folder}`).pathname.slice(1)
      relations.push({ id, type: type.slice(type.lastIndexOf('/') + 1), target: decodeURIComponent(absolute) })
    },
  })
  return relations
}
