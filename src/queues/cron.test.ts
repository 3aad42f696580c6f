import { expect, test } from 'vitest'
import { firesBetween, nextFires, parseCron } from './cron.ts'

const at = (text: string) => Temporal.Instant.from(text)
const local = (fires: Temporal.Instant[], zone: string) =>
  fires.map((fire) => fire.toZonedDateTimeISO(zone).toPlainDateTime().toString())

test('where the clock jumps over midnight the day is not lost', () => {
  const fires = firesBetween('0 0 * * *', 'Africa/Cairo', at('2026-04-22T12:00Z'), at('2026-04-25T12:00Z'))
  expect(local(fires, 'Africa/Cairo')).toEqual(['2026-04-23T00:00:00', '2026-04-24T01:00:00', '2026-04-25T00:00:00'])
})

test('an hour that comes twice fires once, an hour that is missing fires after it', () => {
  const autumn = firesBetween('30 2 * * *', 'Europe/Berlin', at('2026-10-24T12:00Z'), at('2026-10-26T12:00Z'))
  expect(local(autumn, 'Europe/Berlin')).toEqual(['2026-10-25T02:30:00', '2026-10-26T02:30:00'])
  const spring = firesBetween('30 2 * * *', 'Europe/Berlin', at('2026-03-28T12:00Z'), at('2026-03-30T12:00Z'))
  expect(local(spring, 'Europe/Berlin')).toEqual(['2026-03-29T03:00:00', '2026-03-30T02:30:00'])
})

test('the last day of a month and the nth weekday can be said', () => {
  expect(local(nextFires('0 6 L * *', 'UTC', at('2026-02-01T00:00Z'), 2), 'UTC')).toEqual([
    '2026-02-28T06:00:00',
    '2026-03-31T06:00:00',
  ])
  expect(local(nextFires('0 6 * * MON#1', 'UTC', at('2026-02-01T00:00Z'), 2), 'UTC')).toEqual([
    '2026-02-02T06:00:00',
    '2026-03-02T06:00:00',
  ])
})

test('a wrong expression says so', () => {
  expect(() => parseCron('every day', 'UTC')).toThrow('"every day" is no cron expression')
})
