import { expect, test } from 'vitest'
import { findKind } from '../kinds/index.ts'
import { compileMapping, type RowFault } from './compile-mapping.ts'
import { parseMapping, plainMapping, readMapping } from './mapping.ts'

const client = {
  timeZone: 'Europe/Zurich',
  currency: 'CHF',
  clock: () => Temporal.Instant.from('2026-06-01T12:00:00Z'),
}
const HEADER = ['Nr', 'When', 'Gross', 'Type']

/** A mapping of payments over HEADER with some columns changed. */
function payments(columns: Record<string, unknown> = {}, rest: Record<string, unknown> = {}): string {
  const all = {
    id: { column: 'Nr' },
    occurred_at: { column: 'When' },
    kind: { value: 'charge' },
    amount_minor: { column: 'Gross' },
  }
  return JSON.stringify({
    kind: 'payments',
    ignore: 'rest',
    facts: [{ to: 'payments', columns: { ...all, ...columns } }],
    ...rest,
  })
}

function compile(mapping: string, header = HEADER, kind = 'payments') {
  return compileMapping(parseMapping(mapping, 'test'), findKind(kind), header, client)
}

/** What a row becomes, or its faults. */
function read(mapping: string, row: string[]) {
  const faults: RowFault[] = []
  const values = compile(mapping).map((fact) => fact.read(row, faults))
  return faults.length > 0 ? faults : values
}

const faultOf = (make: () => unknown) => {
  try {
    make()
  } catch (error) {
    return (error as Error).message
  }
  return null
}

test('a row becomes the values of its facts; money without a currency is in the client’s', () => {
  expect(read(payments(), ['17', '2026-05-01T10:00', '12.5', ''])).toEqual([
    ['17', '2026-05-01T10:00:00+02:00', 'charge', '1250', 'CHF'],
  ])
})

test('each cell that cannot be taken is named with its column, its value and the reason', () => {
  expect(read(payments(), ['', '2026-03-29T02:30', 'twelve', ''])).toEqual([
    { column: 'Nr', value: '', reason: 'is empty' },
    {
      column: 'When',
      value: '2026-03-29T02:30',
      reason: 'does not exist in Europe/Zurich: clocks went forward there, past it (01:30 or 03:30 may be meant)',
    },
    { column: 'Gross', value: 'twelve', reason: 'is not an amount of money' },
  ])
})

test('another currency than the client’s is refused, row by row and as a constant', () => {
  const row = ['17', '2026-05-01T10:00', '12.5', 'USD']
  expect(read(payments({ currency: { column: 'Type' } }), row)).toEqual([
    { column: 'Type', value: 'USD', reason: "is not the client's currency, which is CHF" },
  ])
  expect(faultOf(() => compile(payments({ currency: { value: 'USD' } })))).toContain(
    `facts.0.columns.currency: "USD" is not the client's currency, which is CHF`,
  )
})

test('the sign of money follows its kind, or is refused', () => {
  const kind = { column: 'Type', values: { S: 'charge', R: 'refund' } }
  const row = (type: string, gross: string) => ['17', '2026-05-01', gross, type]
  const amounts = (mapping: string, rows: string[][]) =>
    rows.map((fields) => read(mapping, fields)).map(([first]) => (Array.isArray(first) ? first[3] : first))
  const rows = [row('S', '5'), row('S', '-5'), row('R', '5'), row('R', '-5'), row('R', '0')]
  expect(amounts(payments({ kind }), rows)).toEqual([
    '500',
    { column: 'Gross', value: '-5', reason: 'is negative, and a charge brings money in' },
    { column: 'Gross', value: '5', reason: 'is positive, and a refund takes money out' },
    '-500',
    '0',
  ])
  expect(amounts(payments({ kind, amount_minor: { column: 'Gross', sign: 'by-kind' } }), rows)).toEqual([
    '500',
    '500',
    '-500',
    '-500',
    '0',
  ])
})

test('conditions, constants, words, several columns and empty cells', () => {
  const mapping = payments(
    {
      kind: JSON.parse('{ "when": { "column": "Nr", "startsWith": "C" }, "then": "refund", "else": "charge" }'),
      channel: { column: 'Type', values: { w: 'web' }, empty: 'voice' },
      external_reference: { columns: ['Nr', 'Type'] },
    },
    { timeZone: 'UTC' },
  )
  expect(read(mapping, ['C17', '2026-05-01', '-1', ''])).toEqual([
    ['C17', '2026-05-01T00:00:00+00:00', 'refund', '-100', 'voice', 'C17', 'CHF'],
  ])
  expect(read(mapping, ['18', '2026-05-01', '1', 'x'])).toEqual([
    { column: 'Type', value: 'x', reason: 'is none of w' },
  ])
})

test('rows that come along are made only where they have an id; a fact whose condition fails is none', () => {
  const facts = [
    { to: 'customers', columns: { id: { column: 'Type' }, attributes: { columns: ['Nr', 'Gross'] } } },
    {
      to: 'payments',
      when: [{ column: 'Gross', isNot: '0' }],
      columns: JSON.parse(payments()).facts[0].columns,
    },
  ]
  const mapping = payments({}, { facts })
  expect(compile(mapping).map(({ onlyMissing }) => onlyMissing)).toEqual([true, false])
  expect(read(mapping, ['17', '2026-05-01', '1', ''])[0]).toBeNull()
  expect(read(mapping, ['17', '2026-05-01', '0', 'anna'])).toEqual([['anna', '{"Nr":"17","Gross":"0"}'], null])
})

test('what a mapping gets wrong is named with the nearest that would be right', () => {
  const faults = [
    () => compile(payments({}, { fact: [] })),
    () => compile(payments({ amount_minor: { column: 'Gros' } })),
    () => compile(payments({ amount_mino: { column: 'Gross' } })),
    () => compile(payments({ kind: { value: 'chrge' } })),
    () => compile(payments({ kind: undefined })),
    () => compile(payments({ id: { column: 'Nr', format: 'iso' } })),
    () => compile(payments({ id: { column: 'Nr', value: 'x' } })),
    () => compile(payments({}, { ignore: [] })),
    () => compile(payments({}, { ignore: ['Typ'] })),
    () => compile(payments({}, { timeZone: 'Europe/Zurch' })),
    () => compile(payments(), HEADER, 'calls'),
    () => compile(payments({}, { kind: 'paymnts' })),
    () => parseMapping('{"kind": ', 'test'),
  ].map(faultOf)
  expect(faults).toEqual([
    'The mapping test is wrong. "fact" is no part of a mapping (did you mean "facts"?). See docs/import.md.',
    'The file lacks a column that the mapping reads, among its 4 columns. Is its first line a header?',
    'facts.0.columns.amount_mino: payments have no such column (did you mean "amount_minor"?). See docs/import.md.',
    'facts.0.columns.kind: "chrge" is none of charge, refund, payout, fee. See docs/import.md.',
    'facts.0.columns: payments need a "kind". See docs/import.md.',
    'facts.0.columns.id: "format" means nothing for an id. See docs/import.md.',
    'facts.0.columns.id: needs exactly one of column, columns, value, when. See docs/import.md.',
    'The mapping does not mention column 4 of the file. Read it, or name it in "ignore" ("rest" ignores all others).',
    'The file lacks a column that the mapping ignores, among its 4 columns. Is its first line a header?',
    '"Europe/Zurch" is no time zone; give an IANA name such as Europe/Zurich.',
    'The mapping is for payments, and interactions were asked for.',
    expect.stringMatching(
      /^There are no "paymnts" to import, only sectors, agents, .*, queue-snapshots \(did you mean "payments"\?\)\.$/,
    ),
    expect.stringContaining('The mapping test is not JSON'),
  ])
})

test('what the table takes only together is read together, unless no row can lack it', () => {
  const header = ['id', 'at', 'state', 'end']
  const compiled = (kind: string, columns: Record<string, unknown>) => {
    const all = { id: { column: 'id' }, ...columns }
    return faultOf(() =>
      compile(JSON.stringify({ kind, ignore: 'rest', facts: [{ to: kind, columns: all }] }), header, kind),
    )
  }
  const call = (status: unknown, more = {}) =>
    compiled('interactions', { started_at: { column: 'at' }, status, ...more })
  const deal = (more: Record<string, unknown>) =>
    compiled('deals', { opened_at: { column: 'at' }, amount_minor: { value: 1 }, ...more })
  const noWait = 'facts.0.columns: interactions need a "wait_s" beside their "status". See docs/import.md.'
  const states = JSON.parse('{ "when": { "column": "end", "empty": true }, "then": "open", "else": "lost" }')
  expect([
    call({ column: 'state' }),
    call({ column: 'state', values: { yes: 'answered', no: 'missed' } }),
    call({ column: 'state', values: { no: 'missed' }, empty: 'answered' }),
    call({ value: 'answered' }),
    call({ value: 'missed' }),
    call({ column: 'state', values: { gone: 'abandoned', no: 'missed' } }),
    call({ column: 'state' }, { wait_s: { column: 'end' } }),
  ]).toEqual([noWait, noWait, noWait, noWait, null, null, null])
  expect([
    deal({ state: { column: 'state' } }),
    deal({ state: states }),
    deal({ closed_at: { column: 'end' } }),
    deal({}),
    deal({ state: { value: 'open' } }),
    deal({ state: states, closed_at: { column: 'end' } }),
  ]).toEqual([
    'facts.0.columns: deals need a "closed_at" beside their "state". See docs/import.md.',
    'facts.0.columns: deals need a "closed_at" beside their "state". See docs/import.md.',
    'facts.0.columns: deals need a "state" beside their "closed_at". See docs/import.md.',
    null,
    null,
    null,
  ])
})

test('without a mapping the columns are named as the table’s', () => {
  const header = ['id', 'occurred_at', 'kind', 'amount_minor']
  const kind = findKind('payments')
  const [fact] = compileMapping(plainMapping(kind, header), kind, header, client)
  expect(fact?.read(['p1', '2026-05-01T00:00:00Z', 'fee', '-30'], [])).toEqual([
    'p1',
    '2026-05-01T00:00:00Z',
    'fee',
    '-30',
    'CHF',
  ])
  expect(faultOf(() => compileMapping(plainMapping(kind, ['id', 'tot']), kind, ['id', 'tot'], client))).toContain(
    'The file has no column "occurred_at", which payments need, among its 2 columns.',
  )
})

test('every mapping that ships is found by its name, and any other is answered with theirs', async () => {
  expect((await readMapping('pwc-call-centre')).kind).toBe('interactions')
  expect((await readMapping('uci-retail')).kind).toBe('payments')
  await expect(readMapping('pwc-call-center')).rejects.toThrow(
    'No mapping is called "pwc-call-center", only pwc-call-centre, uci-retail (did you mean "pwc-call-centre"?).',
  )
  await expect(readMapping('./nowhere.json')).rejects.toThrow('The mapping ./nowhere.json cannot be read')
})
