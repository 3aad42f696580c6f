import { type Calendar, drawMoment, type Serial } from './calendar.ts'
import { type Random, randomOf } from './random.ts'

export type SampleCustomer = {
  id: string
  name: string
  country: string
  language: string
  /** How often they turn up and how much they spend, against others: both have heavy tails. */
  weight: number
  spending: number
  firstContactMs: number
  /** Came in by ordering on the web, not by asking. */
  byOrder: boolean
  /** Whether they may turn up on a day at all: newcomers drift away, founders come and go. */
  isAwake(serial: Serial): boolean
}

export type CustomerBase = {
  founders: readonly SampleCustomer[]
  /** Who turned up for the first time on that day, in order. */
  newOn(serial: Serial): readonly SampleCustomer[]
  /** Draws from those who knew the business before that day and have not drifted away. */
  drawerFor(serial: Serial, to: 'ask' | 'order'): (random: Random) => SampleCustomer
}

/**
 * Nobody who came after the founding is still about after so many days; who is older need not be remembered to draw a
 * day.
 */
export const CUSTOMER_DAYS_MAX = 240

const WEIGHT_MAX = 15
/** Founders come and go in stretches of so many days. */
const SPELL_DAYS = 120

/** The customers of one client, each day's a function of that day alone. */
export function openCustomers(seed: string, calendar: Calendar): CustomerBase {
  const founders = makeFounders(seed, calendar)
  const known = new Map<Serial, SampleCustomer[]>()
  const newOn = (serial: Serial) => {
    const found = known.get(serial)
    if (found) return found
    const made = makeNewcomers(seed, calendar, serial)
    known.set(serial, made)
    return made
  }
  return {
    founders,
    newOn,
    drawerFor(serial, to) {
      const pool = founders.filter((founder) => founder.isAwake(serial))
      for (let born = serial - CUSTOMER_DAYS_MAX; born < serial; born += 1) {
        for (const customer of newOn(born)) if (customer.isAwake(serial)) pool.push(customer)
      }
      // Who buys often has fewer questions than orders.
      return drawer(pool, (customer) => (to === 'order' ? customer.weight : Math.sqrt(customer.weight)))
    },
  }
}

/** Binary search in running sums: each as likely as its weight. */
function drawer(
  pool: readonly SampleCustomer[],
  weightOf: (customer: SampleCustomer) => number,
): (random: Random) => SampleCustomer {
  const sums: number[] = []
  let total = 0
  for (const customer of pool) sums.push((total += weightOf(customer)))
  return (random) => {
    const wanted = random.unit() * total
    let low = 0
    let high = sums.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) > wanted) high = middle
      else low = middle + 1
    }
    const customer = pool[low]
    if (customer === undefined) throw new RangeError('a client without customers cannot be drawn from')
    return customer
  }
}

function makeFounders(seed: string, calendar: Calendar): SampleCustomer[] {
  const { id, founders } = calendar.client
  return Array.from({ length: founders.count }, (_, index) => {
    const random = randomOf(seed, id, 'founder', index)
    const named = founders.named[index]
    const person = drawPerson(random, calendar, named?.country)
    // Founding years, well before any day that is ever generated.
    const since = Temporal.PlainDate.from('2019-02-01').add({ days: random.integer(0, 1500) })
    const weight = pareto(random)
    return {
      ...person,
      id: `founder-${String(index + 1).padStart(4, '0')}`,
      name: named?.name ?? person.name,
      weight: named ? WEIGHT_MAX : weight,
      spending: named ? 2.5 : random.logNormal(1, 0.7),
      firstContactMs: since.toZonedDateTime({ timeZone: calendar.client.timeZone, plainTime: '11:00' })
        .epochMilliseconds,
      byOrder: false,
      isAwake: named
        ? () => true
        : spells(random.integer(0, SPELL_DAYS - 1), (spell) => randomOf(seed, id, 'founder', index, spell)),
    }
  })
}

/** Whether a founder is awake on a day: drawn once for each stretch of days, and remembered because every day asks. */
function spells(offset: number, randomFor: (spell: number) => Random): (serial: Serial) => boolean {
  const known = new Map<number, boolean>()
  return (serial) => {
    const spell = Math.floor((serial + offset) / SPELL_DAYS)
    const awake = known.get(spell) ?? randomFor(spell).chance(0.72)
    known.set(spell, awake)
    return awake
  }
}

function makeNewcomers(seed: string, calendar: Calendar, serial: Serial): SampleCustomer[] {
  const day = calendar.dayAt(serial)
  const random = randomOf(seed, calendar.client.id, day.day, 'newcomers')
  return Array.from({ length: random.poisson(day.newCustomers) }, (_, index) => {
    const byOrder = random.chance(0.45)
    const staysDays = random.chance(0.4)
      ? 1
      : Math.min(Math.ceil(-150 * Math.log(1 - random.unit())), CUSTOMER_DAYS_MAX)
    return {
      ...drawPerson(random, calendar),
      id: `${day.day.replaceAll('-', '')}-c${String(index + 1).padStart(2, '0')}`,
      weight: pareto(random),
      spending: random.logNormal(1, 0.6),
      firstContactMs: drawMoment(random, day, byOrder ? 'orders' : 'contacts'),
      byOrder,
      isAwake: (onSerial) => onSerial < serial + staysDays,
    }
  })
}

function drawPerson(
  random: Random,
  calendar: Calendar,
  inCountry?: string,
): { name: string; country: string; language: string } {
  const { countries } = calendar.client
  const drawn = random.weighted(countries)
  const country = countries.find(({ id }) => id === inCountry) ?? drawn
  return {
    name: `${random.pick(country.given)} ${random.pick(country.family)}`,
    country: country.id,
    language: country.language,
  }
}

/** One in six weighs three times as much as the least, one in forty nine times. */
function pareto(random: Random): number {
  return Math.min((1 - random.unit()) ** (-1 / 1.65), WEIGHT_MAX)
}
