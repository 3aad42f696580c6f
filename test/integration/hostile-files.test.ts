import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { zipStream } from '../../src/reports/render/xlsx/zip-stream.ts'

const folder = await mkdtemp(join(tmpdir(), 'daybreak-hostile-'))
afterAll(() => rm(folder, { recursive: true }))

const READER = join(import.meta.dirname, '../support/read-source.ts')
const run = promisify(execFile)

/** What becomes of a file in a process with as much memory as an import's has at its disposal for objects. */
async function outcomeOf(path: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--max-old-space-size=384', READER, path])
  return stdout.replaceAll(path, 'FILE')
}

const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const relation = (id: string, type: string, target: string) =>
  `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`
const one = { sheets: '<sheet name="a" r:id="s"/>', relations: relation('s', 'worksheet', 'sheet.xml') }

type Parts = { sheets?: string; relations?: string; sheet?: string; strings?: string; styles?: string }

/** A workbook whose parts hold whatever is told. */
async function workbook(parts: Parts): Promise<string> {
  const { sheets = one.sheets, relations = one.relations, sheet = '', strings = '', styles = '' } = parts
  const files = {
    '_rels/.rels': `<Relationships>${relation('w', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    'xl/workbook.xml': `<workbook xmlns:r="r"><sheets>${sheets}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships>${relations}${relation('t', 'sharedStrings', 't.xml')}${relation('y', 'styles', 'y.xml')}</Relationships>`,
    'xl/t.xml': `<sst>${strings}</sst>`,
    'xl/y.xml': `<styleSheet><cellXfs>${styles}</cellXfs></styleSheet>`,
    'xl/sheet.xml': `<worksheet><sheetData>${sheet}</sheetData></worksheet>`,
  }
  const entries = Object.entries(files).map(([name, text]) => ({ name, content: [Buffer.from(text)] }))
  const path = join(folder, `${crypto.randomUUID()}.xlsx`)
  await pipeline(Readable.from(zipStream(entries)), createWriteStream(path))
  return path
}

async function textFile(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}-${name}`)
  await writeFile(path, content)
  return path
}

const many = (count: number, made: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => made(n)).join('')
const cell = (text: string, type = 'inlineStr') => `<c t="${type}"><is><t>${text}</t></is></c>`
const header = `<row>${cell('id')}</row>`

const WORKBOOKS: Record<string, [Parts, string]> = {
  'sixty thousand sheets': [
    {
      sheets: many(60_000, (n) => `<sheet name="s${n}" r:id="s${n}"/>`),
      relations: many(60_000, (n) => relation(`s${n}`, 'worksheet', 'sheet.xml')),
    },
    'it refers to more than 5000 parts',
  ],
  'sheets of one relation': [{ sheets: one.sheets.repeat(60_000) }, 'it has more than 5000 sheets'],
  'cells in one place': [
    { sheet: `${header}<row>${'<c r="A1"><v>1</v></c>'.repeat(2_000_000)}</row>` },
    'its row 2 has more than 16384 cells',
  ],
  'a row of long texts': [
    {
      strings: `<si><t>${'x'.repeat(130_000)}</t></si>`,
      sheet: `${header}<row>${'<c t="s"><v>0</v></c>'.repeat(40)}</row>`,
    },
    'its row 2 holds more than 4194304 characters',
  ],
  'elements in each other': [{ sheet: '<a>'.repeat(2_000_000) }, 'it has more than 64 elements in each other'],
  'an element of attributes': [
    { sheet: `<row ${many(1_000_000, (n) => `a${n}="" `)}/>` },
    'it has an element of more than 100 attributes',
  ],
  'a long value': [
    { sheet: `<row a="${'x'.repeat(20_000_000)}"/>` },
    'it has a name, value or comment of more than 65536 characters',
  ],
  'a long comment': [
    { sheet: `<!--${'x'.repeat(20_000_000)}-->` },
    'it has a name, value or comment of more than 65536 characters',
  ],
  'a long text': [{ strings: `<si><t>${'x'.repeat(20_000_000)}</t></si>` }, 'it has a text too long for any cell'],
  'a long cell': [
    { sheet: `<row>${cell('x'.repeat(20_000_000))}</row>` },
    'a cell of row 1 holds more than 131072 characters',
  ],
  'more styles than there are': [{ styles: '<xf/>'.repeat(2_000_000) }, 'it has more than 65536 styles'],
}

test.each(Object.entries(WORKBOOKS))('a workbook of %s is refused by name', async (_, [parts, words]) => {
  expect(await outcomeOf(await workbook(parts))).toBe(
    `refused: FILE cannot be read as a workbook: ${words}. If it is cut off or damaged, get it again.`,
  )
})

test('more texts than are kept are refused', async () => {
  expect(await outcomeOf(await workbook({ strings: '<si/>'.repeat(8_500_000) }))).toMatch(
    /^refused: FILE holds more than 192 MB/,
  )
})

test('a text that every cell refers to is not read without end', async () => {
  const strings = `<si><t>${'x'.repeat(130_000)}</t></si>`
  const path = await workbook({ strings, sheet: `${header}${'<row><c t="s"><v>0</v></c></row>'.repeat(17_000)}` })
  expect(await outcomeOf(path)).toMatch(/it holds more than 2147483648 characters/)
})

test('rows that hold nothing cost nothing, however wide the header is', async () => {
  const wide = `<row>${many(2000, (n) => cell(`c${n}`))}</row>`
  expect(
    await outcomeOf(await workbook({ sheet: `${wide}${'<row/>'.repeat(1_000_000)}<row>${cell('1')}</row>` })),
  ).toBe('1 rows')
})

const NAMES = 'more than 2000 different names in its objects.'
const TEXTS: [string, string | Buffer, string][] = [
  [
    'wide.csv',
    `${many(150_000, (n) => `${n.toString(36)},`)}\n1\n`,
    'The header of FILE has 150001 columns, of which at most 2000 are read: leave out those that are empty or not needed.',
  ],
  [
    'long-name.csv',
    `${'x'.repeat(5000)},b\n1,2\n`,
    'The header of FILE has a name of more than 1000 characters for column 1. Is its first line a header?',
  ],
  ['names.jsonl', many(20_000, (n) => `{"a${n}":1}\n`), `FILE has ${NAMES}`],
  ['nulls.jsonl', many(3_000_000, (n) => `{"a${n}":null}\n`), `FILE has ${NAMES}`],
  [
    'dots.jsonl',
    `{"${'a.'.repeat(400_000)}":1}\n`,
    'FILE has a name of more than 1000 characters in its objects: read the object that holds it as a whole.',
  ],
  [
    'spaces',
    gzipSync(' '.repeat(4_000_000)),
    'The header of FILE cannot be read: it is longer than 1048576 characters without a line end.',
  ],
]

test.each(TEXTS)('%s is refused at once', async (name, content, words) => {
  const outcome = await outcomeOf(await textFile(name, content))
  expect(outcome).toBe(`refused: ${words}`)
})
