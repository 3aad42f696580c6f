import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CODES } from '../../codes/index.ts'
import { wordsOf } from '../raise.ts'
import { queueOld } from './queue-old.ts'
import { runFailed } from './run-failed.ts'
import { runStalled } from './run-stalled.ts'
import { windowLate } from './window-late.ts'

const RUN = {
  subjectId: 'r',
  episode: '5',
  clientId: 'acme',
  job: 'roll-up-day',
  since: '2026-11-21T00:10:00Z',
  windowFrom: '2026-11-20',
  windowTo: '2026-11-21',
}
const FAILED = { ...RUN, code: 'error', reason: 'no space left on device', tries: 5 }
const WAITING = { subjectId: 'reports', episode: '1', clientId: null, runs: 3, since: RUN.since, seconds: 960 }

test('an alert says what happened to what, and since when', () => {
  expect(runFailed.words(FAILED).message).toBe(
    'roll-up-day for acme, 2026-11-20, failed for good after 5 tries: no space left on device (error). What waits for it is held.',
  )
  expect(windowLate.words({ ...RUN, job: 'refresh-tiers', state: 'planned', waitsFor: 'roll-up-day' }).message).toBe(
    'refresh-tiers for acme, 2026-11-20, should have been done by 2026-11-21 00:10 UTC and is not. It waits for roll-up-day, which failed or was cancelled.',
  )
  expect(runStalled.words({ ...RUN, why: 'silent', crashes: 0, node: 'n', windowTo: '2026-12-01' }).message).toBe(
    'roll-up-day for acme, 2026-11-20 to 2026-11-30, began at 2026-11-21 00:10 UTC and its node n has given no sign of life for a minute.',
  )
  expect(queueOld.words(WAITING).message).toBe(
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
])('what may name a person is masked: %s', ([reason = '', masked]) => {
  expect(runFailed.words({ ...FAILED, reason }).message).toContain(`: ${masked} (error).`)
})

test.for([
  ['error', 'Runbook: docs/runbook.md#a-run-failed'],
  ['mail-refused', 'Runbook: docs/runbook.md#a-mail-is-unknown-or-was-not-sent'],
  ['facts-expired', 'FACTS_TTL_DAYS says how long facts are kept.'],
])('the advice on %s ends with where to read more, if there is more', ([code = '', end = '']) => {
  expect(wordsOf(runFailed, { ...FAILED, code }).advice.endsWith(end)).toBe(true)
})

test('every advice leads to a place of the runbook that is there', async () => {
  const runbook = await readFile(join(import.meta.dirname, '../../../docs/runbook.md'), 'utf8')
  const anchors = [...runbook.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  const names = (await readdir(import.meta.dirname)).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  const kinds = await Promise.all(names.map((name) => readFile(join(import.meta.dirname, name), 'utf8')))
  const post = await readFile(join(import.meta.dirname, '../compose-post.ts'), 'utf8')
  const failed = Object.keys(CODES).map((code) => wordsOf(runFailed, { ...FAILED, code }).advice)
  const named = [...[...kinds, post, ...failed].join('\n').matchAll(/(?:runbook: '|docs\/runbook\.md#)([\w-]+)/g)].map(
    ([, anchor]) => anchor,
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((anchor) => anchor === undefined || !anchors.includes(anchor))).toEqual([])
})
