import { basename } from 'node:path'
import { describe, expect, test } from 'vitest'
import { daybreak, db, fileOf, GOOD, HEADER, PROGRAM_STARTS_MS, paymentRows, SALES } from '../support/import-world.ts'

describe('the command', () => {
  test(
    'it prints what became of the rows and exits 0, 2 with rejects, 1 with nothing imported',
    async () => {
      const mapping = await fileOf(JSON.stringify(SALES), 'mapping.json')
      const good = await fileOf([HEADER, ...GOOD, ''].join('\n'))
      const some = await fileOf([HEADER, ...GOOD, 'x,never,sale,1,Anna', ''].join('\n'))
      const options = ['--client', 'shop', '--map', mapping]
      expect(
        await Promise.all([
          daybreak('payments', good, ...options, '--dry-run'),
          daybreak('payments', some, ...options, '--strict'),
          daybreak('payments', 'nowhere.csv', ...options),
        ]),
      ).toEqual([
        { code: 0, err: '', out: expect.stringContaining('Nothing was written: this was a dry run.') },
        { code: 1, err: '', out: expect.stringContaining('Nothing was kept: --strict.') },
        { code: 1, out: '', err: expect.stringContaining('There is no file nowhere.csv.') },
      ])
      expect(await paymentRows()).toEqual([])
      expect(await daybreak('payments', some, ...options)).toEqual({
        code: 2,
        err: '',
        out: [
          'facts      inserted  updated  unchanged',
          '─────────  ────────  ───────  ─────────',
          'customers  2         0        0',
          'payments   3         0        0',
          '',
          `Rows of ${some}: 4 read, 1 rejected.`,
          `Row, column and reason of each reject: ${some}.rejects.csv`,
          '',
        ].join('\n'),
      })
      const written = await db.selectFrom('analytics_audit_log').selectAll().execute()
      expect(written).toMatchObject([
        {
          action: 'import-file',
          actor_kind: 'command-line',
          client_id: 'shop',
          after: { kind: 'payments', file: basename(some), read: 4, rejected: 1 },
        },
      ])
    },
    PROGRAM_STARTS_MS,
  )
})
