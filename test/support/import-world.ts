import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { DB } from '../../src/db/schema.ts'
import { type ImportOptions, importFile } from '../../src/ingest/imports/import-file.ts'
import { emptyDatabase } from './empty-database.ts'
import { given, table } from './given.ts'
import { createTestDatabase } from './test-database.ts'

/** A shop that imports files, and what is there afterwards. */

const { url, database } = await createTestDatabase()

export const db = database.system

export const folder = await mkdtemp(join(tmpdir(), 'daybreak-import-'))

const clock = () => Temporal.Instant.from('2026-06-01T12:00:00Z')

const FACTS = [
  'sectors',
  'agents',
  'customers',
  'interactions',
  'customer_satisfaction',
  'payments',
  'subscriptions',
] as const

beforeAll(async () => {
  await given.client(db, { id: 'shop', name: 'Shop', time_zone: 'Europe/Zurich', currency: 'CHF' })
  await given.client(db, { id: 'other', name: 'Other', time_zone: 'Asia/Tokyo', currency: 'JPY' })
})

beforeEach(() => emptyDatabase(db, ['clients']))

afterAll(() => rm(folder, { recursive: true }))

/** Sales of the shop: a customer comes along with each, amounts are in francs. */
export const SALES = {
  kind: 'payments',
  facts: [
    {
      to: 'customers',
      columns: { id: { column: 'Who', as: 'slug' }, name: { column: 'Who' }, first_contact_at: { column: 'When' } },
    },
    {
      to: 'payments',
      columns: {
        id: { column: 'No' },
        occurred_at: { column: 'When' },
        kind: { column: 'Kind', values: { sale: 'charge', back: 'refund' } },
        amount_minor: { column: 'Francs', sign: 'by-kind' },
        customer_id: { column: 'Who', as: 'slug' },
      },
    },
  ],
}

export const HEADER = 'No,When,Kind,Francs,Who'

export const GOOD = [
  '1,2026-03-01T23:59:59,sale,10.50,Anna',
  '2,2026-03-02T00:00:00,sale,7,Zoë',
  '3,2026-03-02T09:00:00,back,2.50,Anna',
]

let files = 0

export async function fileOf(content: string | Buffer, name = 'sales.csv'): Promise<string> {
  files += 1
  const path = join(folder, `${files}-${name}`)
  await writeFile(path, content)
  return path
}

export async function importFrom(path: string, options: Partial<ImportOptions> & { map?: unknown } = {}) {
  const { map, ...rest } = options
  const mapping = map === null ? null : await fileOf(JSON.stringify(map ?? SALES), 'mapping.json')
  return importFile({
    database,
    clientId: 'shop',
    kind: 'payments',
    path,
    name: null,
    format: null,
    sheet: null,
    headerRow: null,
    mapping,
    dryRun: false,
    strict: false,
    rejectsPath: null,
    clock,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...rest,
  })
}

export const importRows = async (rows: readonly string[], options: Partial<ImportOptions> & { map?: unknown } = {}) =>
  importFrom(await fileOf([HEADER, ...rows, ''].join('\n')), options)

/** Every table an import can touch, whole. */
export async function everything() {
  const tables: Partial<Record<keyof DB, unknown>> = {}
  for (const name of [...FACTS, 'rollup_days'] as const) tables[name] = await table(db, name)
  return tables
}

/** The payments as [id, instant, kind, amount, customer]. */
export async function paymentRows() {
  const rows = await db.selectFrom('payments').selectAll().orderBy('id').orderBy('occurred_at').execute()
  return rows.map((row) => [row.id, row.occurred_at, row.kind, row.amount_minor, row.customer_id])
}

export async function dirtyDays() {
  const rows = await db.selectFrom('rollup_days').select(['day', 'facts_version']).orderBy('day').execute()
  return Object.fromEntries(rows.map(({ day, facts_version }) => [day, facts_version]))
}

export async function rejectsIn(path: string | null) {
  return path === null ? null : readFile(path, 'utf8')
}

export const tally = (kind: string, inserted: number, updated: number, unchanged: number) => ({
  kind,
  table: kind === 'surveys' ? 'customer_satisfaction' : kind,
  inserted,
  updated,
  unchanged,
})

/** The program as a person starts it. */
export function daybreak(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const program = join(import.meta.dirname, '../../src/main/daybreak.ts')
  return new Promise((done) => {
    const env = { PATH: process.env['PATH'], DATABASE_URL: url }
    execFile(process.execPath, [program, 'import', ...args], { env, cwd: folder }, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })
}

export const PROGRAM_STARTS_MS = 120_000
