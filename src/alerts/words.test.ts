import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CODES } from '../codes/index.ts'
import { type Found, queueWords, wordsOf } from './words.ts'

const FOUND: Found = {
  kind: 'run-failed',
  subject: 's',
  clientId: 'acme',
  runId: 'r',
  job: 'roll-up-day',
  key: 'acme.2026-11-20',
  since: '2026-11-21T00:10:00Z',
  detail: 'error',
  message: 'no space left on device',
  times: 5,
  windowFrom: '2026-11-20',
  windowTo: '2026-11-21',
  node: 'n',
}

const WAITING = { queue: 'reports', runs: 3, since: '2026-11-21T00:10:00Z', seconds: 960 }

test('an alert says what happened to what, and since when', () => {
  expect(wordsOf(FOUND).message).toBe(
    'roll-up-day for acme, 2026-11-20, failed for good after 5 tries: no space left on device (error). What waits for it is held.',
  )
  expect(
    wordsOf({ ...FOUND, kind: 'window-late', detail: 'roll-up-day', job: 'refresh-tiers', message: 'planned' }).message,
  ).toBe(
    'refresh-tiers for acme, 2026-11-20, should have been done by 2026-11-21 00:10 UTC and is not. It waits for roll-up-day, which failed or was cancelled.',
  )
  expect(wordsOf({ ...FOUND, kind: 'run-stalled', detail: 'silent', windowTo: '2026-12-01' }).message).toBe(
    'roll-up-day for acme, 2026-11-20 to 2026-11-30, began at 2026-11-21 00:10 UTC and its node n has given no sign of life for a minute.',
  )
  expect(queueWords(WAITING).message).toBe(
    'The run that has waited longest in reports could have begun at 2026-11-21 00:10 UTC, 16 minutes ago; 3 runs wait.',
  )
})

test.for([
  ['the mail of jane.doe@acme.example bounced', 'the mail of [address] bounced'],
  ['no customer with phone +41 79 123 45 67', 'no customer with phone [number]'],
  ['invalid input syntax for type integer: "Jane Doe"', 'invalid input syntax for type integer: [value]'],
  [
    'the day 2026-11-20 of run 0b5f9a7e-1111-4222-8333-444455556666',
    'the day 2026-11-20 of run 0b5f9a7e-1111-4222-8333-444455556666',
  ],
])('what may name a person is masked: %s', ([message = '', masked]) => {
  expect(wordsOf({ ...FOUND, message }).message).toContain(`: ${masked} (error).`)
})

test('every advice leads to a place of the runbook that is there', async () => {
  const runbook = await readFile(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8')
  const anchors = [...runbook.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  const source = await readFile(join(import.meta.dirname, 'words.ts'), 'utf8')
  const post = await readFile(join(import.meta.dirname, 'compose-post.ts'), 'utf8')
  const failed = Object.keys(CODES).map((code) => wordsOf({ ...FOUND, detail: code }).advice)
  const named = [...`${source}${post}${failed.join('\n')}`.matchAll(/(?:RUNBOOK\}|docs\/runbook\.md)#([\w-]+)/g)].map(
    ([, anchor]) => anchor,
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((anchor) => anchor === undefined || !anchors.includes(anchor))).toEqual([])
})
