import { expect, test } from 'vitest'
import { checkCron, FIRES_MAX, firePage, firesBetween, lastFire, nextFires } from './cron.ts'

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

test('of a list of times none is lost in a gap and none comes twice in an overlap', () => {
  const spring = firesBetween('30 2,14 * * *', 'Europe/Berlin', at('2026-03-28T23:00Z'), at('2026-03-29T22:00Z'))
  expect(local(spring, 'Europe/Berlin')).toEqual(['2026-03-29T03:00:00', '2026-03-29T14:30:00'])
  const autumn = firesBetween('30 2,14 * * *', 'Europe/Berlin', at('2026-10-24T22:00Z'), at('2026-10-25T23:00Z'))
  expect(local(autumn, 'Europe/Berlin')).toEqual(['2026-10-25T02:30:00', '2026-10-25T14:30:00'])
})

test('where the clock jumps over the end of a day the day is not lost', () => {
  const fires = firesBetween('30 23 * * *', 'America/Nuuk', at('2026-03-27T12:00Z'), at('2026-03-30T12:00Z'))
  expect(local(fires, 'America/Nuuk')).toEqual(['2026-03-27T23:30:00', '2026-03-29T00:00:00', '2026-03-29T23:30:00'])
})

test.each([
  ['0 6 L * *', ['2026-02-28T06:00:00', '2026-03-31T06:00:00']],
  ['0 6 * * MON#1', ['2026-02-02T06:00:00', '2026-03-02T06:00:00']],
  ['0 6 * * FRI#5', ['2026-05-29T06:00:00', '2026-07-31T06:00:00']],
  ['0 6 * * SUN#L', ['2026-02-22T06:00:00', '2026-03-29T06:00:00']],
  ['0 6 29 2 *', ['2028-02-29T06:00:00', '2032-02-29T06:00:00']],
  ['15,45 * * * *', ['2026-02-01T00:15:00', '2026-02-01T00:45:00']],
  ['*/20 * * * * *', ['2026-02-01T00:00:20', '2026-02-01T00:00:40']],
  ['30 0 6 * * *', ['2026-02-01T06:00:30', '2026-02-02T06:00:30']],
  ['@weekly', ['2026-02-08T00:00:00', '2026-02-15T00:00:00']],
])('%s fires when it says', (expression, wanted) => {
  expect(local(nextFires(expression, 'UTC', at('2026-02-01T00:00Z'), 2), 'UTC')).toEqual(wanted)
})

test('fires come in pages, with the one that follows; the last one is found however many came before it', () => {
  const [after, until] = [at('2026-02-01T00:00Z'), at('2026-02-04T00:00Z')]
  const page = firePage('*/30 * * * * *', 'UTC', after, until)
  expect([page.fires.length, page.fires.at(-1), page.next]).toEqual([
    FIRES_MAX,
    at('2026-02-01T08:20:00Z'),
    at('2026-02-01T08:20:30Z'),
  ])
  expect(lastFire('*/30 * * * * *', 'UTC', until)).toEqual(until)
  expect(lastFire('0 6 L * *', 'UTC', until)).toEqual(at('2026-01-31T06:00Z'))
})

test.each([
  ['every day', '"every day" is no cron expression'],
  ['* * * * * * 2027', 'it has five fields, or six with seconds, and not 7'],
  ['2026-12-01T00:00:00', 'it has five fields'],
  ['60 * * * *', 'Invalid value for minute'],
  ['0 0 30 2 *', '"0 0 30 2 *" never comes'],
])('%s is refused with the reason', (expression, reason) => {
  expect(() => checkCron(expression, 'UTC', at('2026-02-01T00:00Z'))).toThrow(reason)
})

test.each(['', 'Europe/Nowhere'])('the zone "%s" is refused', (zone) => {
  expect(() => nextFires('0 0 * * *', zone, at('2026-02-01T00:00Z'), 1)).toThrow(`"${zone}" is no IANA time zone`)
})
