import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { createKey } from '../../src/people/people.ts'
import { openCollector } from '../support/collector.ts'
import { given } from '../support/given.ts'
import { makeDataFolder, type StartedDaybreak, startDaybreak } from '../support/program.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { startWebhookReceiver } from '../support/webhook-receiver.ts'
import { type WorkbookCell, writeWorkbook } from '../support/workbook.ts'

const COMMAND_LINE = { kind: 'command-line', id: 'test', name: 'test', ip: null } as const

/** Somebody's name, wherever a file or what is sent with it can hold one. */
const NAME = 'Xanthippe'

const { database, url: databaseUrl } = await createTestDatabase()
const db = database.system
const data = await makeDataFolder()
const collector = await openCollector()
const receiver = await startWebhookReceiver()
let program: StartedDaybreak | null = null

afterAll(async () => {
  await program?.stop()
  await collector.close()
  await receiver.stop()
  await data.remove()
})

async function workbook(rows: WorkbookCell[][]): Promise<Buffer> {
  const path = join(data.path, `${crypto.randomUUID()}.xlsx`)
  await writeWorkbook(path, { sheets: [{ name: `${NAME} 1980`, rows }] })
  return readFile(path)
}

const mapping = (change: object, column: object = { column: 'id' }) => {
  const facts = [{ to: 'customers', columns: { id: column } }]
  return { mapping: JSON.stringify({ kind: 'customers', ignore: 'rest', facts, ...change }) }
}
const row = `${NAME},a,b\n1,2,3\n`

/** What is sent, and how: each fails, or has rows that are rejected. */
const FILES: [string, string | Buffer, Record<string, string>][] = [
  ['csv', '\n', {}],
  ['csv', row, {}],
  ['csv', `id,${NAME},${NAME}\n1,2,3\n`, {}],
  ['csv', `"${NAME}\n`, {}],
  ['csv', `"${NAME}"x,b\n1,2\n`, {}],
  ['csv', `id,${NAME}\xff\n`, {}],
  ['csv', Buffer.from(`id,${NAME}\n`, 'utf16le'), {}],
  ['csv', `${NAME};b;c\n1;2;3\n`, {}],
  ['csv', `${'x'.repeat(1001)},${NAME}\n`, {}],
  ['csv', `id,name\n${NAME}\n`, {}],
  ['csv.gz', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 9, 9, 9]), {}],
  ['zip', Buffer.from(`PK\x03\x04${NAME}`, 'latin1'), {}],
  ['xlsx', NAME, {}],
  ['xls', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0, 0]), {}],
  ['jsonl', `[{"${NAME}":1}]`, {}],
  ['jsonl', `${NAME}\n`, {}],
  ['jsonl', `{"${NAME}":1}\n`, {}],
  ['jsonl', `{"${NAME}${'x'.repeat(1001)}":1}\n`, {}],
  ['xlsx', await workbook([['id']]), { sheet: `${NAME} 1981` }],
  ['xlsx', await workbook([['id']]), { headerRow: '9' }],
  [
    'xlsx',
    await workbook([
      [NAME, 'b'],
      ['1', '2'],
    ]),
    {},
  ],
  [
    'xlsx',
    await workbook([
      ['id', NAME, NAME],
      ['1', '2', '3'],
    ]),
    {},
  ],
  ['xlsx', await workbook([['id'], [{ type: 's', xml: `<v>${NAME}</v>` }]]), {}],
  ['xlsx', await workbook([['id'], [{ type: NAME, xml: `<v>1</${NAME}>` }]]), {}],
  ['csv', row, mapping({}, { column: NAME, as: 'slug' })],
  ['csv', row, mapping({}, { column: `${NAME} 1980` })],
  ['csv', row, mapping({ ignore: [`${NAME} 1980`] }, { column: NAME })],
  ['csv', row, mapping({ ignore: [] }, { column: 'a' })],
  ['csv', row, mapping({ timeZone: NAME }, { column: 'a' })],
  ['csv', row, mapping({ facts: [{ to: NAME, columns: {} }] })],
  ['csv', row, mapping({ facts: [{ to: 'customers', columns: { [NAME]: { column: 'a' } } }] })],
  ['csv', row, mapping({ facts: [{ to: 'customers', when: [{ column: NAME }], columns: { id: { column: 'a' } } }] })],
]

async function send(url: string, key: string, file: (typeof FILES)[number], index: number): Promise<void> {
  const [ending, body, options] = file
  const query = new URLSearchParams({ kind: 'customers', fileName: `${NAME} ${index}.${ending}`, ...options })
  // Files of the same bytes would be one import.
  const content = Buffer.concat([Buffer.from(body), Buffer.from(ending === 'csv' ? '\n'.repeat(index) : '')])
  const sent = await fetch(`${url}/api/imports?${query}`, {
    method: 'POST',
    body: content,
    headers: { Authorization: `Bearer ${key}` },
  })
  expect([index, sent.status]).toEqual([index, 202])
}

async function outbox(): Promise<string> {
  const folder = join(data.path, 'outbox')
  const names = await readdir(folder).catch(() => [])
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')))
  return texts.join('\n')
}

/** Every row of a table, as text. */
async function rowsOf(table: string): Promise<string> {
  const { rows } = await sql<{ text: string }>`select to_jsonb(t)::text as text from ${sql.table(table)} t`.execute(db)
  return rows.map(({ text }) => text).join('\n')
}

test('what a file is called, and what its sheets, columns, cells and mapping say, is in no log, run, alert, mail, webhook or trace', async () => {
  await given.client(db)
  const { key } = await createKey(db, { name: 'test', role: 'ingest', clientId: 'acme', expiresAt: null }, COMMAND_LINE)
  program = await startDaybreak({
    DATABASE_URL: databaseUrl,
    DATA_DIR: data.path,
    LOG_LEVEL: 'debug',
    ALERT_MAIL_TO: 'night@acme.example',
    ALERT_WEBHOOK_URL: receiver.url,
    ALERT_WEBHOOK_SECRET: `whsec_${Buffer.from('a secret of twenty-four bytes and more').toString('base64')}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  })
  const { url } = program
  for (const [index, file] of FILES.entries()) await send(url, key, file, index)
  const openRuns = sql<{ n: number }>`
    select count(*)::int as n from runs where job = 'import-file' and state not in ('failed', 'succeeded')`
  await expect.poll(async () => (await openRuns.execute(db)).rows[0]?.n).toBe(0)
  const failed = await db.selectFrom('runs').select('error_message').where('state', '=', 'failed').execute()
  expect(failed.length).toBeGreaterThan(FILES.length - 6)
  const isTold = async () => receiver.received.length > 0 && (await outbox()).includes('import')
  await expect.poll(isTold).toBe(true)
  await program.stop()

  const places = {
    log: program.said(),
    mails: await outbox(),
    webhook: receiver.received.map(({ body }) => body).join('\n'),
    traces: collector.said(),
    runs: await rowsOf('runs'),
    attempts: await rowsOf('run_attempts'),
    lines: await rowsOf('run_logs'),
    alerts: await rowsOf('alerts'),
  }
  const shown = Object.entries(places).flatMap(([place, text]) =>
    text.split('\n').flatMap((line) => (line.includes(NAME) ? [`${place}: ${line.slice(0, 400)}`] : [])),
  )
  expect(shown).toEqual([])
  // Whoever may see the import reads it there.
  const found = await db.selectFrom('imports').select('found').where('found', 'like', `%${NAME}%`).execute()
  expect(found.length).toBeGreaterThan(8)
})
