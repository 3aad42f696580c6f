import { InputError } from '../../errors.ts'
import type { Called } from './called.ts'
import type { FileStart } from './file-start.ts'
import type { SourceFile } from './source.ts'

export const FORMATS = ['csv', 'jsonl', 'xlsx'] as const
export type Format = (typeof FORMATS)[number]

const ENDINGS: Record<string, Format> = {
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'jsonl',
  xlsx: 'xlsx',
  xlsm: 'xlsx',
}

/**
 * What a file is: by bytes that cannot be mistaken, else by its name, else by whether it begins as JSON does. Throws an
 * InputError for what is none of the formats.
 */
export function formatOf({ name, called }: SourceFile, { bytes, isPipe }: FileStart): Format {
  const begins = (...expected: number[]) => expected.every((byte, index) => bytes[index] === byte)
  if (begins(0x50, 0x4b, 3, 4)) return 'xlsx'
  if (begins(0xd0, 0xcf, 0x11, 0xe0)) {
    throw foreign(called, 'an Excel workbook of before 2007, or one with a password; save it as .xlsx without one')
  }
  const named = ENDINGS[/\.([^.]+)$/.exec(name.toLowerCase().replace(/\.gz$/, ''))?.[1] ?? '']
  if (named === 'xlsx' && !isPipe && bytes.length > 0) {
    throw foreign(called, 'no workbook, whatever its name says; name its format (csv, jsonl) if it is one of those')
  }
  return named ?? (/^\uFEFF?\s*(?:\[\s*)?\{/.test(bytes.toString('utf8')) ? 'jsonl' : 'csv')
}

/** Says what a file is that cannot be taken. */
export function foreign(name: Called, what: string): InputError {
  return new InputError('foreign-file', `${name} is ${what}.`)
}
