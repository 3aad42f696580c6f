import type { Serial } from './calendar.ts'
import { type CustomerRow, idOf, isoOf, type SampleRows } from './rows.ts'
import type { Marketplace, Provider, SampleClient } from './sample-client.ts'
import type { SampleWorld } from './world.ts'

type AvailabilityRow = SampleRows['provider_availability'][number]

/** Providers are known from the beginning, as customers in another role: that of a chartered accountant. */
export function providerRows(client: SampleClient): CustomerRow[] {
  return (client.marketplace?.providers ?? []).map(({ id, name }) => ({
    client_id: client.id,
    id,
    name,
    role: 'ca',
    country: 'IN',
    attributes: JSON.stringify({ language: 'en' }),
    first_contact_at: '2019-01-15T05:30:00Z',
  }))
}

export function worksOn({ calendar }: SampleWorld, provider: Provider, serial: Serial): boolean {
  const { isHoliday, weekday } = calendar.dayAt(serial)
  return !isHoliday && provider.days.includes(String(weekday))
}

/** The hours that providers offer on a day. */
export function availabilityOf(world: SampleWorld, marketplace: Marketplace, serial: Serial): AvailabilityRow[] {
  const { calendar } = world
  const day = calendar.dayAt(serial)
  return marketplace.providers
    .filter((provider) => worksOn(world, provider, serial))
    .map(({ id, from, to }, index) => ({
      client_id: calendar.client.id,
      id: idOf(day.day, 'w', index + 1),
      starts_at: isoOf(calendar.instantMs(day, from)),
      ends_at: isoOf(calendar.instantMs(day, to)),
      provider_id: id,
    }))
}
