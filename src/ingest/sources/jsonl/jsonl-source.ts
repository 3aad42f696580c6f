import { InputError } from '../../../errors.ts'
import type { Called } from '../called.ts'
import { RECORD_MAX } from '../csv/csv-reader.ts'
import { COLUMNS_MAX, NAME_CHARS_MAX } from '../file-fault.ts'
import type { FileStart } from '../file-start.ts'
import { type Line, type LinePage, readLines } from '../line-reader.ts'
import type { RecordPage, RecordSource, Reject, SourceFile, SourceOptions } from '../source.ts'
import { cellText, DEPTH_MAX, parseJsonObject, visitValues } from './json-record.ts'

/**
 * Opens a file of JSON Lines: one object a line, what is in objects named with dots (`customer.id`). Its header is
 * every name that any line has, so that the file is read once before for them. Throws an InputError for what holds no
 * rows.
 */
export async function openJsonLines(file: SourceFile, start: FileStart, options: SourceOptions): Promise<RecordSource> {
  if (start.isPipe) {
    throw new InputError('pipe', `${file.called} is a pipe, and JSON Lines are read twice; save them as a file first.`)
  }
  refuseDocument(file.called, start)
  const header = await surveyHeader(file, start, options)
  const pages = readPages(file, start, header)
  return { header, bytesTotal: start.bytesTotal, pages, close: async () => void (await pages.return(undefined)) }
}

function refuseDocument(name: Called, { bytes }: FileStart): void {
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  const what = /^\s*\[/.test(text)
    ? 'one JSON list'
    : /^\s*\{[^\S\n]*\r?\n/.test(text)
      ? 'JSON over several lines'
      : null
  if (what === null) return
  throw new InputError('foreign-file', `${name} is ${what}; write one object a line (jq -c '.[]' does that).`)
}

/**
 * Reads the whole file for the names in it. Where a wanted name is that of an object, what is in it is no column of its
 * own.
 */
async function surveyHeader(file: SourceFile, start: FileStart, { wanted, signal }: SourceOptions): Promise<string[]> {
  const survey: Survey = { wanted, outer: outerNames(wanted), named: new Set(), onlyNull: new Set(), longest: 0 }
  const { named } = survey
  let firstLine = 0
  let holdsObjects = false
  for await (const { lines } of readLines(file, start)) {
    if (signal.aborted) throw new InputError('stopped', 'Stopped before anything was imported.')
    for (const line of lines) {
      if (firstLine === 0 && line.text.trim() !== '') firstLine = line.line
      const isObject = noteNames(line, survey)
      holdsObjects ||= isObject
    }
    refuseData(file.called, survey)
  }
  if (firstLine === 0) throw new InputError('no-rows', `${file.called} holds no rows: it is empty.`)
  if (!holdsObjects) {
    // Without the line itself: it may be somebody's.
    const found = `none of its lines is a JSON object such as {"id": "1"}, from line ${firstLine} on`
    throw new InputError('foreign-file', `${file.called} is no file of JSON Lines: ${found}.`)
  }
  // What is null in one line may be an object in another.
  const outer = outerNames(named)
  for (const name of survey.onlyNull) if (!outer.has(name)) named.add(name)
  return [...named]
}

/** Throws an InputError where names are data. */
function refuseData(file: Called, { named, onlyNull, longest }: Survey): void {
  if (Math.max(named.size, onlyNull.size) > COLUMNS_MAX) {
    throw new InputError('too-many-columns', `${file} has more than ${COLUMNS_MAX} different names in its objects.`)
  }
  if (longest > NAME_CHARS_MAX) {
    const what = `a name of more than ${NAME_CHARS_MAX} characters in its objects`
    throw new InputError('too-many-columns', `${file} has ${what}: read the object that holds it as a whole.`)
  }
}

type Survey = {
  wanted: ReadonlySet<string>
  /** Names that wanted ones lie in. */
  outer: ReadonlySet<string>
  named: Set<string>
  onlyNull: Set<string>
  /** Characters of the longest of these names. */
  longest: number
}

/** Says whether the line is an object. */
function noteNames(line: Line, survey: Survey): boolean {
  const { wanted, outer, named, onlyNull } = survey
  const parsed = parseJsonObject(line.text)
  if ('reason' in parsed) return false
  visitValues(parsed.object, (name, value, isInner) => {
    survey.longest = Math.max(survey.longest, name.length)
    if (!named.has(name) && name.length <= NAME_CHARS_MAX) {
      if (value === null) onlyNull.add(name)
      else if (wanted.has(name)) named.add(name)
      else if (!isInner && !prefixesOf(name).some((prefix) => wanted.has(prefix))) named.add(name)
    }
    return !wanted.has(name) || outer.has(name)
  })
  return true
}

/** `a` and `a.b` where `a.b.c` is among the names. */
function outerNames(names: Iterable<string>): Set<string> {
  return new Set([...names].flatMap(prefixesOf))
}

function prefixesOf(name: string): string[] {
  const prefixes: string[] = []
  for (let at = name.indexOf('.'); at !== -1 && prefixes.length < DEPTH_MAX; at = name.indexOf('.', at + 1)) {
    prefixes.push(name.slice(0, at))
  }
  return prefixes
}

async function* readPages(
  file: SourceFile,
  start: FileStart,
  header: readonly string[],
): AsyncGenerator<RecordPage, void> {
  const columns: Columns = {
    header,
    places: new Map(header.map((name, index) => [name, index])),
    outer: outerNames(header),
  }
  for await (const page of readLines(file, start)) yield pageOf(page, columns)
}

type Columns = { header: readonly string[]; places: ReadonlyMap<string, number>; outer: ReadonlySet<string> }

function pageOf({ lines, bytesRead }: LinePage, columns: Columns): RecordPage {
  const page: RecordPage = { records: [], rejects: [], bytesRead, note: null }
  for (const line of lines) {
    const text = line.text.endsWith('\r') ? line.text.slice(0, -1) : line.text
    if (text.trim() === '') continue
    const fields = fieldsOf({ ...line, text }, columns)
    if (Array.isArray(fields)) page.records.push({ line: line.line, fields, text })
    else page.rejects.push({ line: line.line, column: '', value: '', text, ...fields })
  }
  return page
}

/** The cells of a line, or why there are none. */
function fieldsOf({ text, isTooLong }: Line, { header, places, outer }: Columns): string[] | Pick<Reject, 'reason'> {
  if (isTooLong) return { reason: `is longer than ${RECORD_MAX} characters without a line end` }
  if (text.includes('\uFFFD')) return { reason: 'is not UTF-8, which JSON must be' }
  const parsed = parseJsonObject(text)
  if ('reason' in parsed) return parsed
  const fields = header.map(() => '')
  visitValues(parsed.object, (name, value) => {
    const at = places.get(name)
    if (at !== undefined) fields[at] = cellText(value)
    return outer.has(name)
  })
  return fields
}
