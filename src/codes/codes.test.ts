import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { analyticsCodes } from './analytics.ts'
import { boardCodes } from './board.ts'
import { commandCodes } from './command-line.ts'
import { adviceOf, CODES } from './index.ts'
import { ingestCodes } from './ingest.ts'
import { machineCodes } from './machine.ts'
import { peopleCodes } from './people.ts'
import { queueCodes } from './queues.ts'
import { reportCodes } from './reports.ts'

const ROOMS = [
  analyticsCodes,
  boardCodes,
  commandCodes,
  ingestCodes,
  machineCodes,
  peopleCodes,
  queueCodes,
  reportCodes,
]

test('a code means one thing: it stands in one room', () => {
  expect(ROOMS.flatMap((room) => Object.keys(room)).toSorted()).toEqual(Object.keys(CODES).toSorted())
})

test('what a code means is said in sentences', () => {
  const unsaid = Object.entries(CODES).filter(([, { means }]) => !/^\S.+[.?]$/.test(means))
  expect(unsaid).toEqual([])
})

test('an advice is that of the code, else that of any failed run', () => {
  expect(adviceOf('mail-address')).toEqual({
    advice: 'The recipient is no e-mail address. Correct it among the recipients of the report, then press Retry.',
    runbook: 'a-mail-is-unknown-or-was-not-sent',
  })
  const other = { advice: expect.stringContaining('The page of the run has every try') }
  for (const code of ['error', 'no-such-import', 'of-an-older-version', 'constructor', null])
    expect(adviceOf(code)).toEqual(other)
})

test('every advice leads to a place of the runbook that is there', async () => {
  const runbook = await readFile(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8')
  const anchors = [...runbook.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  const named = Object.values(CODES).flatMap(({ runbook: place }) => place ?? [])
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((anchor) => !anchors.includes(anchor))).toEqual([])
})
