import fc from 'fast-check'

/** What a schema says, as far as values are made from it. */
export type Schema = {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  additionalProperties?: Schema | boolean
  format?: string
  minimum?: number
  maximum?: number
  $ref?: string
}

export type Schemas = Record<string, Schema>

const DEPTH_MAX = 4

/** Text that has broken something somewhere. */
export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      ' ',
      '\0',
      'a\0b',
      '\ud800',
      '\u202Egnp',
      '\uFEFF',
      '💥'.repeat(50),
      'x'.repeat(5000),
      '\r\nX-Evil: 1',
      '\t',
    ],
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'NaN', '-0', '1e999', '0x10'],
    ...[
      "' or 1=1 --",
      '"; drop table runs; --',
      '$1',
      '%',
      '_',
      '\\',
      '{}',
      '[]',
      '${7*7}',
      '<script>alert(1)</script>',
    ],
    ...[
      '../../etc/passwd',
      '//evil.example',
      'javascript:alert(1)',
      'file:///etc/passwd',
      '%00',
      '%2e%2e%2f',
      '.*+?([',
    ],
    ...[
      '9999-12-31',
      '0000-00-00',
      '-271821-04-20',
      '2026-02-30',
      '2026-13-01',
      '275760-09-13',
      '99999999999999999999',
    ],
    ...[
      '00000000-0000-0000-0000-000000000000',
      'beta',
      'alpha',
      '=cmd()',
      '@x',
      '2026-03-29T02:30:00',
      'Europe/Nowhere',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
)

/** Anything JSON can say, some of it deep, some of it named as an object's own members are. */
const nastyJson: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    -1,
    0.1,
    1e308,
    -1e308,
    2 ** 53,
    [],
    {},
    [[[[]]]],
    JSON.parse('{"__proto__":{"role":"admin"}}'),
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

/**
 * A value that is nearly what a schema asks for: mostly right in the whole, wrong in some of its parts. What it is
 * called says what fits where the schema says only that it is text.
 */
export function nearly(schema: Schema, schemas: Schemas, { name = '', depth = 0 } = {}): fc.Arbitrary<unknown> {
  const right = fitting(schema, schemas, { name, depth })
  return fc.oneof({ weight: 14, arbitrary: right }, { weight: 1, arbitrary: nastyJson })
}

type Place = { name: string; depth: number }

function fitting(schema: Schema, schemas: Schemas, place: Place): fc.Arbitrary<unknown> {
  const { name, depth } = place
  const within = { name, depth: depth + 1 }
  if (schema.$ref !== undefined) return nearly(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, schemas, within)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.const !== undefined) return fc.constant(schema.const)
  const several = schema.anyOf ?? schema.oneOf
  if (several !== undefined) return fc.oneof(...several.map((each) => fitting(each, schemas, place)))
  if (depth > DEPTH_MAX) return nastyJson
  switch ([schema.type].flat()[0]) {
    case 'object':
      return objectOf(schema, schemas, depth)
    case 'array':
      return fc.array(nearly(schema.items ?? {}, schemas, within), { maxLength: 4 })
    case 'integer':
      return fc.oneof(fc.integer({ min: schema.minimum ?? -9, max: Math.min(schema.maximum ?? 99, 1e6) }), fc.integer())
    case 'number':
      return fc.double()
    case 'boolean':
      return fc.boolean()
    case 'string':
      return textOf(schema, name)
    default:
      return nastyJson
  }
}

function objectOf({ properties = {}, required = [] }: Schema, schemas: Schemas, depth: number): fc.Arbitrary<unknown> {
  const members = Object.entries(properties).map(([name, schema]) => {
    const value = nearly(schema, schemas, { name, depth: depth + 1 })
    const isNeeded = required.includes(name)
    return fc.option(value, { freq: isNeeded ? 40 : 2, nil: undefined }).map((made) => [name, made] as const)
  })
  // Nobody knows it: a strict schema refuses the whole for it.
  const more = fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(nastyText, nastyJson).map((member) => [member]) },
  )
  return fc.tuple(fc.tuple(...members), more).map(([named, unknown]) => {
    const given = named.filter(([, made]) => made !== undefined)
    return Object.fromEntries(depth === 0 ? [...given, ...unknown] : given)
  })
}

/** What fits a member or a parameter of a name, in the world of two tenants. */
const FITTING: Record<string, readonly string[]> = {
  client: ['alpha'],
  clientId: ['alpha'],
  metrics: ['answered', 'answered,abandonment', 'service-level'],
  metric: ['answered', 'abandonment'],
  step: ['event:visit', 'interaction', 'payment'],
  from: ['2026-03-01', '2026-02-01'],
  to: ['2026-03-05', '2026-04-01'],
  otherFrom: ['2026-01-01'],
  otherTo: ['2026-02-01'],
  day: ['2026-03-02'],
  job: ['roll-up-day'],
  name: ['roll-up-day', 'a name'],
  kind: ['customers', 'interactions', 'payments'],
  conversion: ['payment', 'event:order'],
  id: ['c1', 'i1'],
}

function textOf({ format }: Schema, name: string): fc.Arbitrary<string> {
  if (format === 'date-time') return fc.constantFrom('2026-03-01T10:00:00Z', '2026-03-02T00:00:00+14:00')
  if (format === 'uuid') return fc.uuid()
  const fitting = FITTING[name] ?? (format === 'date' ? ['2026-03-01', '2026-10-25'] : ['a', 'c1', 'beta'])
  return fc.oneof({ weight: 1, arbitrary: nastyText }, { weight: 8, arbitrary: fc.constantFrom(...fitting) })
}
