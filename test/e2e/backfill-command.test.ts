import { describe, expect, test } from 'vitest'
import { data, daybreak, db, lines, url } from '../support/command-world.ts'
import { given } from '../support/given.ts'
import { interruptDaybreak } from '../support/program.ts'

test('a backfill nobody waits for is known by its id, and cancelled by it', async () => {
  await given.client(db, { id: 'later' })
  const june = ['--client', 'later', '--from', '2026-06-01', '--to', '2026-06-30', '--no-wait', '--newest-first']
  const [planned = ''] = await lines('backfill', ...june)
  const id = /[0-9a-f-]{36}/.exec(planned)?.[0] ?? ''
  expect(await lines('backfill', ...june)).toEqual([`Known: backfill ${id}, which is in progress.`])
  const cancelled = `Backfill ${id} is cancelled: 0 runs succeeded, 30 are cancelled, 0 stop.`
  expect(await lines('backfill', '--cancel', id)).toEqual([cancelled])
  expect(await lines('backfill', '--cancel', id)).toEqual([cancelled])
})

describe('a backfill of windows that are in progress already', () => {
  test('says so, and waits for them', async () => {
    await given.client(db, { id: 'busy' })
    const april = ['--client', 'busy', '--from', '2026-04-01', '--to', '2026-04-03']
    await lines('backfill', ...april, '--no-wait')
    expect(await lines('backfill', ...april, '--newest-first')).toEqual([
      expect.stringMatching(/^Planned: backfill [0-9a-f-]{36}, 0 of 3 windows\.$/),
      '3 are in progress already, 0 are done already.',
      '3 runs succeeded, 0 failed, 0 are cancelled, 0 wait in vain.',
    ])
    const runs = db.selectFrom('runs').select('state').where('client_id', '=', 'busy')
    expect(await runs.execute()).toEqual(Array.from({ length: 3 }, () => ({ state: 'succeeded' })))
    const longer = await lines('backfill', ...april, '--from', '2026-03-31')
    expect(longer.slice(1)).toEqual([
      '0 are in progress already, 3 are done already.',
      '1 runs succeeded, 0 failed, 0 are cancelled, 0 wait in vain.',
    ])
  })

  test('fails when they do', async () => {
    await given.client(db, { id: 'stuck' })
    const april = ['--client', 'stuck', '--from', '2026-04-01', '--to', '2026-04-03', '--job', 'forecast-call-volume']
    await lines('backfill', ...april, '--no-wait')
    const rollUps = db.updateTable('runs').set({ state: 'failed' }).where('client_id', '=', 'stuck')
    await rollUps.where('job', '=', 'roll-up-day').execute()
    const { code, out, err } = await daybreak(['backfill', ...april, '--newest-first', '--reprocess', 'none'])
    expect([code, out.trimEnd().split('\n').slice(1)]).toEqual([
      1,
      [
        '3 are in progress already, 0 are done already.',
        '0 runs succeeded, 3 failed, 0 are cancelled, 0 wait in vain.',
      ],
    ])
    expect(err).toContain('3 runs of backfill')
  })
})

test('Ctrl-C leaves a backfill going and says how to cancel it', async () => {
  await given.client(db, { id: 'slow' })
  const words = ['backfill', '--client', 'slow', '--from', '2020-01-01', '--to', '2025-12-31', '--runs-max', '1']
  const { code, out } = await interruptDaybreak(words, { DATABASE_URL: url, DATA_DIR: data.path }, /Planned: backfill/)
  const id = /[0-9a-f-]{36}/.exec(out)?.[0] ?? ''
  expect([code, out.split('\n').at(-2)]).toEqual([
    130,
    `Backfill ${id} goes on wherever Daybreak runs. To stop it: daybreak backfill --cancel ${id}`,
  ])
  const [backfill] = await db.selectFrom('backfills').selectAll().where('client_id', '=', 'slow').execute()
  expect(backfill).toMatchObject({ id, cancelled_at: null })
  const open = db
    .selectFrom('runs')
    .select('id')
    .where('backfill_id', '=', id)
    .where('state', 'in', ['planned', 'queued'])
  expect((await open.execute()).length).toBeGreaterThan(2000)
})
