import { describe, expect, inject, test } from 'vitest'
import { bootTogether, survive } from '../support/scheduling-faults.ts'
import { createTestDatabase } from '../support/test-database.ts'
import type { BackendKind } from '../support/test-engine.ts'

/** Short; `npm run faults` has the same with every zone and more rounds. */
const { database, url } = await createTestDatabase({ connectionsMax: 16 })
const db = database.system
const at = (text: string) => Temporal.Instant.from(text)

/** Ordinary ones, half hours, clocks that jump over midnight or over the end of a day, and the ends of the world. */
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Africa/Cairo',
  'America/Havana',
  'America/Nuuk',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
]

describe('each window once with "all", the last once with "latest", no missed one with "none"', () => {
  test.each([
    ['the scheduler is down over midnight', '2026-11-20T22:40:00Z', '2026-11-21T00:20:00Z'],
    ['it is down for three days', '2026-11-18T13:00:00Z', '2026-11-21T13:00:00Z'],
    ['it is restarted at exactly 00:00:00', '2026-11-20T12:00:00Z', '2026-11-21T00:00:00Z'],
    ['it is restarted a moment before midnight', '2026-11-20T12:00:00Z', '2026-11-20T23:59:59.999Z'],
    ['it is down while clocks jump at midnight in Cairo', '2026-04-22T12:00:00Z', '2026-04-25T12:00:00Z'],
    ['it is down while clocks jump over a day’s end in Nuuk', '2026-03-27T12:00:00Z', '2026-03-30T12:00:00Z'],
    ['it is down while clocks go back', '2026-10-23T12:00:00Z', '2026-11-02T12:00:00Z'],
  ])('%s', async (_story, from, until) => {
    const { runs, wrong } = await survive(db, { zones, from: at(from), until: at(until) })
    expect(wrong).toEqual([])
    expect(runs).toBeGreaterThan(0)
  })
})

test.each<BackendKind>(['postgres', 'redis'])(
  'eight nodes that boot at once with 100 schedules plan each once, without an error, on %s',
  async (kind) => {
    const redisUrl = kind === 'redis' ? inject('redisUrl') : undefined
    const size = { nodes: 8, schedules: 100, rounds: 3 }
    expect(await bootTogether({ databaseUrl: url, redisUrl, ...size })).toEqual({ runs: 900, wanted: 900, wrong: [] })
  },
  60_000,
)
