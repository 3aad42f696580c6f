import { access, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createRejectsFile } from './rejects-file.ts'

const folder = await mkdtemp(join(tmpdir(), 'daybreak-rejects-'))
afterAll(() => rm(folder, { recursive: true }))

const reject = { line: 7, column: 'Amount', value: '-12,50', reason: 'is no amount', text: '=cmd(),"a ""b""",x' }

test('there is no file without a reject', async () => {
  const input = join(folder, 'good.csv')
  const rejects = createRejectsFile(input, null)
  await rejects.add([])
  expect(await rejects.close()).toBeNull()
  await expect(access(`${input}.rejects.csv`)).rejects.toThrow('ENOENT')
})

test('rejects stand beside the input; numbers stay numbers and nothing runs as a formula', async () => {
  const input = join(folder, 'bad.csv')
  const rejects = createRejectsFile(input, null)
  await rejects.add([reject])
  await rejects.add([{ ...reject, line: 8, value: 'v'.repeat(300), text: 'two\nlines' }])
  expect(await rejects.close()).toBe(`${input}.rejects.csv`)
  expect(await readFile(`${input}.rejects.csv`, 'utf8')).toBe(
    [
      'row,column,value,reason,record',
      `7,Amount,"-12,50",is no amount,"'=cmd(),""a """"b"""""",x"`,
      `8,Amount,${'v'.repeat(200)},is no amount,"two\nlines"`,
      '',
    ].join('\r\n'),
  )
})

test('a header is somebody else’s too: no column runs as a formula, and no value or reason is longer than anybody reads', async () => {
  const input = join(folder, 'formula.csv')
  const rejects = createRejectsFile(input, null)
  await rejects.add([
    { ...reject, column: '=HYPERLINK("http://x")' },
    { ...reject, column: 'c'.repeat(300) },
  ])
  await rejects.close()
  const rows = (await readFile(`${input}.rejects.csv`, 'utf8')).split('\r\n')
  expect(rows[1]).toMatch(/^7,"'=HYPERLINK\(""http:\/\/x""\)",/)
  expect(rows[2]).toMatch(/^7,c{200},"/)
})

test('a list that would become too large ends with a line that says so', async () => {
  const input = join(folder, 'many.csv')
  const rejects = createRejectsFile(input, null, 25_000)
  for (let line = 1; line <= 5; line += 1) await rejects.add([{ ...reject, line, text: 'x'.repeat(10_000) }])
  await rejects.close()
  const cut = (await readFile(`${input}.rejects.csv`, 'utf8')).trimEnd().split('\r\n')
  expect(cut.slice(3)).toEqual([
    '3,,,from here on rejects are counted and not listed: the list would be larger than 0.025 MB,',
  ])
})

test('where the folder of the input takes no file they go to the current one', async () => {
  const input = join(folder, `${basename(folder)}.csv`)
  // A folder of that name stands in the way, for root too.
  await mkdir(`${input}.rejects.csv`)
  const rejects = createRejectsFile(input, null)
  await rejects.add([reject])
  const path = await rejects.close()
  try {
    expect(path).toBe(`${basename(input)}.rejects.csv`)
    expect(await readFile(path ?? '', 'utf8')).toContain('\r\n7,Amount,')
  } finally {
    await rm(`${basename(input)}.rejects.csv`, { force: true })
  }
})
