import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError, messageOf } from '../../errors.ts'
import { suggestion } from '../../nearest.ts'
import type { FactKind } from '../kinds/kind.ts'
import {
  ASK_FOR_HEADER,
  COLUMNS_MAX,
  countOf,
  FileFault,
  listed,
  NAME_CHARS_MAX,
  placesOf,
} from '../sources/file-fault.ts'
import { otherHalf } from './half-rules.ts'

/** The mappings that ship with the program; a person names one as `pwc-call-centre`. */
const SHIPPED_FOLDER = join(import.meta.dirname, 'mappings')

/** A mapping is a page a person wrote. */
const MAPPING_MAX_BYTES = 1 << 20

const scalar = z.union([z.string(), z.number(), z.boolean()], 'must be text, a number, true or false')

/** What names a column of a file, or says how its values look. */
const columnName = z.string().max(NAME_CHARS_MAX)
const FORMAT_CHARS_MAX = 100

/** One question to a row: every test it names must hold. */
const condition = z.strictObject({
  column: columnName,
  is: z.string().optional(),
  isNot: z.string().optional(),
  startsWith: z.string().optional(),
  empty: z.boolean().optional(),
})

/**
 * Where the value of one column of a fact comes from (exactly one of column, columns, value, when), and how it is read.
 */
const columnSource = z.strictObject({
  column: columnName.optional(),
  columns: z.array(columnName).min(1).max(COLUMNS_MAX).optional(),
  value: scalar.optional(),
  when: condition.optional(),
  // oxlint-disable-next-line unicorn/no-thenable -- this is a schema, nobody awaits it
  then: scalar.optional(),
  else: scalar.optional(),
  as: z.enum(['slug', 'duration', 'epoch-seconds', 'epoch-milliseconds', 'minor']).optional(),
  format: z.string().max(FORMAT_CHARS_MAX).optional(),
  values: z.record(z.string(), scalar).optional(),
  empty: scalar.optional(),
  decimal: z.enum(['.', ',']).optional(),
  group: z.string().length(1).optional(),
  round: z.boolean().optional(),
  sign: z.enum(['as-is', 'negate', 'by-kind']).optional(),
})

const factSource = z.strictObject({
  to: z.string(),
  when: z.array(condition).optional(),
  columns: z.record(z.string(), columnSource),
})

const mappingSchema = z.strictObject({
  about: z.string().optional(),
  kind: z.string(),
  delimiter: z.string().length(1).default(','),
  encoding: z.enum(['utf-8', 'windows-1252', 'utf-16le']).default('utf-8'),
  sheet: z.string().optional(),
  headerRow: z.int().min(1).optional(),
  timeZone: z.string().optional(),
  ignore: z.union([z.array(z.string()), z.literal('rest')], 'must be a list of columns, or "rest"').default([]),
  facts: z.array(factSource).min(1).max(20),
})

export type Condition = z.output<typeof condition>
export type ColumnSource = z.output<typeof columnSource>
export type FactSource = z.output<typeof factSource>
export type Mapping = z.output<typeof mappingSchema>

/** Every column of the file that a mapping reads. */
export function columnsRead({ facts }: Mapping): Set<string> {
  const names = facts.flatMap(({ when = [], columns }) => [
    ...when.map(({ column }) => column),
    ...Object.values(columns).flatMap(({ column, columns: several = [], when: condition }) => [
      ...several,
      ...[column, condition?.column].filter((name) => name !== undefined),
    ]),
  ])
  return new Set(names)
}

/** How a file is read when no mapping says otherwise. */
export const plainSource = { delimiter: ',', encoding: 'utf-8' } as const

const KNOWN_KEYS = [mappingSchema, factSource, columnSource, condition].flatMap((schema) => Object.keys(schema.shape))

/** Reads a mapping by the path of its file, or by the name of one that ships with the program. */
export async function readMapping(pathOrName: string): Promise<Mapping> {
  const isPath = pathOrName.includes('/') || pathOrName.includes('\\') || pathOrName.endsWith('.json')
  const path = isPath ? pathOrName : join(SHIPPED_FOLDER, `${pathOrName}.json`)
  const text = await readFile(path, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (isPath || error.code !== 'ENOENT') {
      throw new InputError('mapping', `The mapping ${pathOrName} cannot be read: ${messageOf(error)}`)
    }
    const names = await shippedMappings()
    const near = suggestion(pathOrName, names)
    throw new InputError('mapping', `No mapping is called "${pathOrName}", only ${names.join(', ')}${near}.`)
  })
  if (text.length > MAPPING_MAX_BYTES) throw new InputError('mapping', `${pathOrName} is too large for a mapping.`)
  return parseMapping(text, pathOrName)
}

/** Checks the text of a mapping; every fault is named with its place. `name` is what messages call it. */
export function parseMapping(text: string, name: string): Mapping {
  const parsed = mappingSchema.safeParse(parseJson(text, name))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => {
    const place = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `
    if (issue.code !== 'unrecognized_keys') return `${place}${issue.message}`
    return issue.keys.map((key) => `${place}"${key}" is no part of a mapping${suggestion(key, KNOWN_KEYS)}`).join('; ')
  })
  throw new InputError('mapping', `The mapping ${name} is wrong. ${faults.join('; ')}. See docs/import.md.`)
}

/**
 * What holds without a mapping: every column of the file is named as a column of the table. Throws a FileFault for a
 * file of which that is not so.
 */
export function plainMapping(kind: FactKind, header: readonly string[]): Mapping {
  checkNames(kind, header)
  const columns: Record<string, ColumnSource> = {}
  for (const [name, { type }] of Object.entries(kind.columns)) {
    if (header.includes(name)) columns[name] = type === 'money' ? { column: name, as: 'minor' } : { column: name }
  }
  return { kind: kind.name, ...plainSource, ignore: [], facts: [{ to: kind.name, columns }] }
}

function checkNames({ name: kind, columns, rules }: FactKind, header: readonly string[]): void {
  const known = Object.keys(columns)
  const isThere = (name: string) => header.includes(name)
  // Money without a currency is in the client's.
  const isNeeded = (name: string) => columns[name]?.required === true && columns[name].type !== 'currency'
  const missing =
    known.find((name) => isNeeded(name) && !isThere(name)) ??
    rules.map((rule) => otherHalf(rule, isThere)).find((name) => name !== undefined)
  if (missing !== undefined) {
    const expected = `The file has no column "${missing}", which ${kind} need, among its ${countOf(header)}`
    throw new FileFault(
      'missing-column',
      `${expected}. ${ASK_FOR_HEADER} ${kind} have ${known.join(', ')}. A mapping says which column of the file is which.`,
      `Its columns are ${listed(header)}${suggestion(missing, header)}.`,
    )
  }
  const unknown = header.filter((name) => name !== '' && columns[name] === undefined)
  if (unknown.length === 0) return
  const words = unknown.map((name) => `"${name}"${suggestion(name, known)}`)
  throw new FileFault(
    'unknown-column',
    `${kind} have no such column as this file's ${placesOf(unknown, header)}. ${ASK_FOR_HEADER} ${kind} have ${known.join(', ')}. A mapping says where others belong, or leaves them out ("ignore").`,
    `Not among them: ${listed(words)}.`,
  )
}

/** The names of the mappings that ship with the program. */
export async function shippedMappings(): Promise<string[]> {
  return (await readdir(SHIPPED_FOLDER)).map((file) => file.replace(/\.json$/, '')).sort()
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InputError('mapping', `The mapping ${name} is not JSON: ${messageOf(error)}`)
  }
}
