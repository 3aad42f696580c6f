import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { type ZipEntry, zipStream } from '../../src/reports/render/xlsx/zip-stream.ts'

/** A file as somebody sends it who means harm. */
export type HostileFile = { name: string; kind: 'customers'; body: Buffer }

const MB = 1 << 20
const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships'

/** Each once; `scale` 1 is what was seen to harm. */
export const singles: readonly ((scale: number) => Promise<HostileFile>)[] = [
  async (scale) => file('bomb.csv.gz', gzipSync(Buffer.alloc(512 * MB * scale, 'a,')).toString('latin1')),
  (scale) => workbook('bomb.xlsx', { sheet: () => ` ${' '.repeat(200 * MB * scale)}` }),
  (scale) => workbook('deep.xlsx', { sheet: () => '<a>'.repeat(3_000_000 * scale) }),
  (scale) => workbook('wide.xlsx', { sheet: () => rowOf(2_000_000 * scale) }),
  (scale) => workbook('names.xlsx', { sheet: () => rowOf(1), sheetName: 'x'.repeat(MB * scale) }),
  () =>
    workbook('entities.xlsx', {
      sheet: () => rowOf(1),
      doctype: '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    }),
  () => workbook('elsewhere.xlsx', { sheet: () => rowOf(1), target: '../../../../etc/passwd' }),
  () => workbook('abroad.xlsx', { sheet: () => rowOf(1), target: 'http://127.0.0.1:1/x.xml' }),
  async () => ({ ...(await workbook('cut.xlsx', { sheet: () => rowOf(1) })), body: await cut() }),
  async () => file('noise.xlsx', `PK\x03\x04${'\x00\xff'.repeat(5000)}`),
  async (scale) => file('deep.jsonl', `{"id":${'['.repeat(500_000 * scale)}\n`),
  async (scale) => file('line.jsonl', `{"id":"${'x'.repeat(100 * MB * scale)}"}\n`),
  async (scale) => file('header.csv', `id,${'a,'.repeat(20 * MB * scale)}\n1\n`),
  async (scale) => file('columns.csv', `id,name\nc1,${'x,'.repeat(10 * MB * scale)}\n`),
  async (scale) => file('blank.csv', '\n'.repeat(20 * MB * scale)),
  async () => file('../../../etc/passwd.csv', 'id,name\nc1,One\n'),
  async () => file('a\r\nX-Evil: 1.csv', 'id,name\nc1,One\n'),
  async () => file('a\0b.csv', 'id,name\nc\0,One\n'),
  async () => file('\u202Evsc.exe', 'id,name\n\u202Ec,\u202EOne\n'),
  async () => file('=cmd()|x.csv', 'id,=HYPERLINK("http://evil.example")\nc1,=1+1\n'),
  async () => file('proto.jsonl', '{"__proto__":{"id":"x"},"id":"c1","constructor":1}\n'),
]

/** Each twice: `times` 1 and 2. What grows by more than its size was read again and again. */
export const doublings: readonly { name: string; make(scale: number, times: number): Promise<HostileFile> }[] = [
  {
    name: 'sheets and relations',
    make: (scale, times) => workbook('sheets.xlsx', { sheet: () => rowOf(1), sheets: 60_000 * scale * times }),
  },
  {
    name: 'cells of a row',
    make: (scale, times) => workbook('cells.xlsx', { sheet: () => rowOf(200_000 * scale * times) }),
  },
  {
    name: 'depth of XML',
    make: (scale, times) => workbook('xml.xlsx', { sheet: () => '<a>'.repeat(300_000 * scale * times) }),
  },
  {
    name: 'quotes',
    make: async (scale, times) => file('quotes.csv', `id,name\nc1,"${'""'.repeat(8 * MB * scale * times)}`),
  },
  {
    name: 'an open quote',
    make: async (scale, times) => file('open.csv', `id,name\nc1,"${'a\n'.repeat(8 * MB * scale * times)}`),
  },
  {
    name: 'depth of JSON',
    make: async (scale, times) => file('json.jsonl', `{"id":${'['.repeat(2 * MB * scale * times)}\n`),
  },
  {
    name: 'a long line',
    make: async (scale, times) => file('long.csv', `id,name\nc1,${'x'.repeat(30 * MB * scale * times)}\n`),
  },
]

function file(name: string, content: string): HostileFile {
  return { name, kind: 'customers', body: Buffer.from(content, name.endsWith('.gz') ? 'latin1' : 'utf8') }
}

type Broken = { sheet(): string; sheets?: number; sheetName?: string; doctype?: string; target?: string }

async function workbook(name: string, broken: Broken): Promise<HostileFile> {
  return { name, kind: 'customers', body: await buffer(Readable.from(zipStream(partsOf(broken)))) }
}

async function cut(): Promise<Buffer> {
  const { body } = await workbook('cut.xlsx', { sheet: () => rowOf(1000) })
  return body.subarray(0, body.length / 2)
}

function* partsOf({
  sheet,
  sheets = 1,
  sheetName = 'S',
  doctype = '',
  target = 'worksheets/sheet1.xml',
}: Broken): Generator<ZipEntry> {
  const numbers = Array.from({ length: Math.max(1, Math.floor(sheets)) }, (_, index) => index + 1)
  const listed = numbers.map((index) => `<sheet name="${sheetName}${index}" sheetId="${index}" r:id="r${index}"/>`)
  // Backwards, so that a search from the beginning goes all the way.
  const related = numbers.toReversed().map((index) => relation(`r${index}`, 'worksheet', target))
  yield part('[Content_Types].xml', '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
  yield part(
    '_rels/.rels',
    `<Relationships xmlns="${PACKAGE}">${relation('w', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
  )
  yield part(
    'xl/workbook.xml',
    `${doctype}<workbook ${MAIN} xmlns:r="${RELATIONS}"><sheets>${listed.join('')}</sheets></workbook>`,
  )
  yield part('xl/_rels/workbook.xml.rels', `<Relationships xmlns="${PACKAGE}">${related.join('')}</Relationships>`)
  yield part('xl/worksheets/sheet1.xml', `<worksheet ${MAIN}><sheetData>${sheet()}</sheetData></worksheet>`)
}

function relation(id: string, type: string, target: string): string {
  return `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`
}

function part(name: string, xml: string): ZipEntry {
  return { name, content: [Buffer.from(xml)] }
}

function rowOf(cells: number): string {
  return `<row r="1">${'<c r="A1" t="inlineStr"><is><t>id</t></is></c>'.repeat(Math.max(1, cells))}</row>`
}
