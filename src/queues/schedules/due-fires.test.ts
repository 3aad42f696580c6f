import { describe, expect, test } from 'vitest'
import { FIRES_MAX } from './cron.ts'
import { dueFires, type Timing } from './due-fires.ts'

const at = (text: string) => Temporal.Instant.from(text)
const now = at('2026-11-21T00:00:00Z')

function timing(change: Partial<Timing> = {}): Timing {
  const plannedUntil = now.subtract({ hours: 72 })
  return {
    cron: '0 * * * *',
    timeZone: 'UTC',
    catchUp: 'all',
    catchUpWithinS: null,
    pausedUntil: null,
    plannedUntil,
    ...change,
  }
}

const times = (change: Partial<Timing>) => dueFires(timing(change), now).fires.map(String)

describe('after three days nobody planned', () => {
  test('"all" plans every fire, in as many passes as it takes', () => {
    let schedule = timing({ cron: '*/30 * * * * *' })
    const planned: string[] = []
    let passes = 0
    for (let due = dueFires(schedule, now); due.fires.length > 0; due = dueFires(schedule, now)) {
      planned.push(...due.fires.map(String))
      schedule = { ...schedule, plannedUntil: due.plannedUntil }
      passes += 1
    }
    expect([passes, planned.length, new Set(planned).size]).toEqual([Math.ceil(8640 / FIRES_MAX), 8640, 8640])
    expect([planned[0], planned.at(-1)]).toEqual(['2026-11-18T00:00:30Z', '2026-11-21T00:00:00Z'])
  })

  test.each(['0 * * * *', '*/30 * * * * *', '* * * * * *'])('"latest" plans the last fire of %s', (cron) => {
    expect(dueFires(timing({ cron, catchUp: 'latest' }), now)).toMatchObject({ fires: [now], plannedUntil: now })
  })

  test('"none" plans what is due now and nothing that was missed', () => {
    expect(times({ catchUp: 'none', cron: '30 * * * *' })).toEqual([])
    expect(times({ catchUp: 'none', cron: '*/30 * * * * *' })).toEqual([
      '2026-11-20T23:58:00Z',
      '2026-11-20T23:58:30Z',
      '2026-11-20T23:59:00Z',
      '2026-11-20T23:59:30Z',
      '2026-11-21T00:00:00Z',
    ])
  })

  test('a window bounds how far back is caught up', () => {
    const within = { catchUpWithinS: 2 * 3600 }
    expect(times(within)).toEqual(['2026-11-20T22:00:00Z', '2026-11-20T23:00:00Z', '2026-11-21T00:00:00Z'])
    expect(times({ ...within, catchUp: 'latest' })).toEqual(['2026-11-21T00:00:00Z'])
    expect(times({ ...within, catchUp: 'latest', cron: '0 12 * * *' })).toEqual([])
  })

  test('what was left out is said', () => {
    const first = at('2026-11-18T01:00:00Z')
    const leftOut = (change: Partial<Timing>) => dueFires(timing(change), now).leftOut
    expect([leftOut({}), leftOut({ catchUp: 'latest' }), leftOut({ catchUp: 'none' })]).toEqual([null, first, first])
    expect([leftOut({ catchUpWithinS: 3600 }), leftOut({ catchUpWithinS: 80 * 3600 })]).toEqual([first, null])
  })
})

test('a schedule that fires every ten seconds gets each of its windows from a tick a minute, whatever its catch-up', () => {
  for (const catchUp of ['all', 'latest', 'none'] as const) {
    const change = { catchUp, cron: '*/10 * * * * *', plannedUntil: now.subtract({ seconds: 60 }) }
    expect([catchUp, times(change).length]).toEqual([catchUp, 6])
  }
})

test('a window shorter than a tick leaves nothing out that is in time', () => {
  const change = { catchUpWithinS: 1, cron: '*/10 * * * * *', plannedUntil: now.subtract({ seconds: 60 }) }
  expect(times(change)).toHaveLength(6)
})

test('what falls due during a pause is left out, and planning goes on at its end', () => {
  expect(times({ pausedUntil: at('2026-11-20T23:00:00Z') })).toEqual(['2026-11-20T23:00:00Z', '2026-11-21T00:00:00Z'])
  const paused = dueFires(timing({ pausedUntil: at('2026-11-25T12:30:00Z') }), now)
  expect(paused).toMatchObject({ fires: [], next: at('2026-11-25T13:00:00Z'), leftOut: null })
})

test('a fire at the very instant of planning is due, and the one after it is not', () => {
  const due = dueFires(timing({ cron: '0 0 * * *', plannedUntil: at('2026-11-20T00:00:00Z') }), now)
  expect(due).toEqual({ fires: [now], plannedUntil: now, next: at('2026-11-22T00:00:00Z'), leftOut: null })
})
