import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { findKind } from '../kinds/index.ts'
import { columnFinder } from '../mapping/compile-column.ts'
import { compileMapping } from '../mapping/compile-mapping.ts'
import { parseMapping, plainMapping } from '../mapping/mapping.ts'
import { calledByPath } from './called.ts'
import { checkColumns, FileFault } from './file-fault.ts'

/** The first row of a file without a header: a person, whose name is near that of a column. */
const ROW = ['c-77881', 'Anna Beispielfrau', 'anna@example.com', 'Ids', 'anna@example.com']
const kind = findKind('customers')
const client = { timeZone: 'UTC', currency: 'EUR', clock: () => Temporal.Instant.from('2026-04-01T12:00:00Z') }

function mapped(ignore: string[]) {
  const facts = [{ to: 'customers', columns: { id: { column: 'c-77881' } } }]
  return compileMapping(parseMapping(JSON.stringify({ kind: 'customers', ignore, facts }), 'x'), kind, ROW, client)
}

const CASES: [string, () => unknown, string][] = [
  ['a column that is needed', () => plainMapping(kind, ROW), 'Ids'],
  ['columns that are not known', () => plainMapping(kind, ['id', ...ROW]), 'Anna Beispielfrau'],
  ['a column that a mapping reads', () => columnFinder(ROW)('name'), 'Anna Beispielfrau'],
  ['a column that a mapping ignores', () => mapped(['nobody']), 'Anna Beispielfrau'],
  ['columns that a mapping does not mention', () => mapped([]), 'Anna Beispielfrau'],
  ['two columns of one name', () => checkColumns(calledByPath('a.csv'), ROW), 'anna@example.com'],
]

test.each(CASES)(
  'nothing of a file without a header is in the words on %s, save for a terminal',
  (_what, make, shown) => {
    let thrown: unknown
    try {
      make()
    } catch (error) {
      thrown = error
    }
    if (!(thrown instanceof FileFault)) throw new Error(`no FileFault: ${inspect(thrown)}`)
    const kept = `${inspect(thrown, { showHidden: true })} ${JSON.stringify(thrown)} ${thrown.message} ${thrown.stack}`
    expect(ROW.filter((cell) => kept.includes(cell))).toEqual([])
    expect(thrown.found).toContain(shown)
  },
)
