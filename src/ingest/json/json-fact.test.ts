import { expect, test } from 'vitest'
import { wholeFacts } from '../../../test/support/whole-facts.ts'
import { kinds } from '../kinds/index.ts'
import { compileMapping } from '../mapping/compile-mapping.ts'
import { plainMapping } from '../mapping/mapping.ts'
import { cellText } from '../sources/jsonl/json-record.ts'
import { factSchema } from './fact-schema.ts'
import { compileJsonFact } from './json-fact.ts'

const clock = () => Temporal.Instant.from('2026-04-01T12:00:00Z')
const client = { timeZone: 'Europe/Zurich', currency: 'EUR', clock }

test('a fact that comes as JSON reads as the same fact that comes in a row', () => {
  for (const kind of kinds) {
    const fact = wholeFacts[kind.name] ?? {}
    const header = Object.keys(fact)
    const [row] = compileMapping(plainMapping(kind, header), kind, header, client)
    const faults: never[] = []
    const read = compileJsonFact(kind, client).openReader()(fact, faults)
    expect([kind.name, faults, read]).toEqual([kind.name, [], row?.read(Object.values(fact).map(cellText), [])])
  }
})

test('what a kind says of itself in documents is what it takes', () => {
  for (const kind of kinds) {
    const schema = factSchema(kind)
    const whole = wholeFacts[kind.name] ?? {}
    const needed = Object.fromEntries(
      Object.entries(whole).filter(([name]) => kind.columns[name]?.required === true && name !== 'currency'),
    )
    const read = compileJsonFact(kind, client).openReader()
    for (const fact of [whole, needed]) expect([kind.name, schema.safeParse(fact).success]).toEqual([kind.name, true])
    for (const name of Object.keys(needed)) {
      const { [name]: _missing, ...rest } = whole
      const faults: { field: string; reason: string }[] = []
      expect([schema.safeParse(rest).success, read(rest, faults)]).toEqual([false, null])
      expect(faults).toEqual([{ field: name, reason: 'is missing' }])
    }
  }
})

test('an object of nothing but wrong names is given up soon', () => {
  const read = compileJsonFact(kinds[0] as (typeof kinds)[number], client).openReader()
  const faults: unknown[] = []
  const wrong = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`name${index}`, 1]))
  expect(read(wrong, faults as never)).toBeNull()
  expect(faults).toHaveLength(10)
})
