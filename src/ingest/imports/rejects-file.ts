import { type FileHandle, open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { InputError, messageOf } from '../../errors.ts'
import type { Reject } from '../sources/source.ts'

const VALUE_MAX = 200
/** Characters of a record that are shown; nobody need keep more of it. */
export const RECORD_MAX = 10_000

/** More than anybody corrects by hand: a small file can have many faults in each of its rows. */
const REJECTS_BYTES_MAX = 100_000_000

export type RejectsFile = {
  add(rejects: readonly Reject[]): Promise<void>
  /** The path of what was written, or null when nothing was rejected. */
  close(): Promise<string | null>
}

/**
 * The rows that were not taken, for a person to correct: CSV of row, column, value, reason and the record as it stood.
 * The file is made with the first reject, and ends with a line that says so where it would become larger than
 * `bytesMax`. Without a chosen path it stands beside the input, or where we are when that cannot be written.
 */
export function createRejectsFile(
  input: string,
  chosen: string | null,
  bytesMax: number = REJECTS_BYTES_MAX,
): RejectsFile {
  if (chosen !== null && resolve(chosen) === resolve(input)) {
    throw new InputError('rejects-file', `The rejects cannot be written over the file they come from (${input}).`)
  }
  let opened: { file: FileHandle; path: string } | null = null
  let bytesLeft = bytesMax
  return {
    async add(rejects) {
      if (rejects.length === 0 || bytesLeft < 0) return
      opened ??= await openFirst(chosen === null ? candidates(input) : [chosen])
      const text = lines(rejects)
      bytesLeft -= Buffer.byteLength(text)
      await opened.file.appendFile(bytesLeft < 0 ? lines([notListed(rejects, bytesMax)]) : text)
    },
    async close() {
      const file = opened?.file
      const path = opened?.path ?? null
      opened = null
      await file?.close()
      return path
    },
  }
}

function candidates(input: string): string[] {
  return [`${input}.rejects.csv`, `${basename(input)}.rejects.csv`]
}

async function openFirst(paths: readonly string[]): Promise<{ file: FileHandle; path: string }> {
  const faults: string[] = []
  for (const path of paths) {
    try {
      const file = await open(path, 'w')
      await file.appendFile('row,column,value,reason,record\r\n')
      return { file, path }
    } catch (error) {
      faults.push(messageOf(error))
    }
  }
  throw new InputError(
    'rejects-file',
    `The rejects cannot be written: ${faults.join('; ')}. Name a file with --rejects.`,
  )
}

function notListed(rejects: readonly Reject[], bytesMax: number): Reject {
  const reason = `from here on rejects are counted and not listed: the list would be larger than ${bytesMax / 1_000_000} MB`
  return { line: rejects[0]?.line ?? 0, column: '', value: '', reason, text: '' }
}

function lines(rejects: readonly Reject[]): string {
  const rows = rejects.map(({ line, column, value, reason, text }) => [
    String(line),
    defused(column.slice(0, VALUE_MAX)),
    defused(value.slice(0, VALUE_MAX)),
    reason,
    defused(text.slice(0, RECORD_MAX)),
  ])
  return stringify(rows, { record_delimiter: 'windows', quoted_match: /[\r\n]/ })
}

/** Text that a spreadsheet would run as a formula gets an apostrophe; numbers with a sign stay numbers. */
function defused(text: string): string {
  return /^[=+\-@\t\r\n]/.test(text) && !/^[+-]?[\d.,]+$/.test(text) ? `'${text}` : text
}
