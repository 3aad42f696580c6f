import { type FileHandle, open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { InputError, messageOf } from '../errors.ts'
import type { Reject } from './source.ts'

const VALUE_MAX = 200
/** Characters of a record that are shown; nobody need keep more of it. */
export const RECORD_MAX = 10_000

export type RejectsFile = {
  add(rejects: readonly Reject[]): Promise<void>
  /** The path of what was written, or null when nothing was rejected. */
  close(): Promise<string | null>
}

/**
 * The rows that were not taken, for a person to mend: CSV of row, column, value, reason and the record as it stood. The file is
 * made with the first reject. Without a chosen path it stands beside the input, or where we are when that cannot be written.
 */
export function createRejectsFile(input: string, chosen: string | null): RejectsFile {
  if (chosen !== null && resolve(chosen) === resolve(input)) {
    throw new InputError('rejects-file', `The rejects cannot be written over the file they come from (${input}).`)
  }
  let opened: { file: FileHandle; path: string } | null = null
  return {
    async add(rejects) {
      if (rejects.length === 0) return
      opened ??= await openFirst(chosen === null ? candidates(input) : [chosen])
      await opened.file.appendFile(lines(rejects))
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
