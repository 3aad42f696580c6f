import { expect, test } from 'vitest'
import { mergeFaultTable } from './fault-table.ts'

const HERE = { command: 'faults', path: 'docs/page.md' }
const PAGE = `# Page

<!-- faults: written by \`npm run faults -- --write\` -->

| fault | backend | figures | must hold | held | measured |
|---|---|---|---|---|---|
| kill | postgres | lost 0 | 0 lost | held | 2026-01-01 |
| kill | redis | lost 1 | 0 lost | **missed** | 2026-01-01 |

<!-- end of faults -->

Prose.
`

test('a row that was measured again replaces its own, a new one follows, and the rest stays', () => {
  const about = { mark: '0 lost', held: true, on: '2026-02-02' }
  const page = mergeFaultTable(
    PAGE,
    [
      { fault: 'kill', backend: 'redis', figures: 'lost 0', ...about },
      { fault: 'clock', backend: 'redis', figures: 'a|b', ...about },
    ],
    HERE,
  )
  expect(page).toBe(
    PAGE.replace(
      '| kill | redis | lost 1 | 0 lost | **missed** | 2026-01-01 |',
      '| kill | redis | lost 0 | 0 lost | held | 2026-02-02 |\n| clock | redis | a/b | 0 lost | held | 2026-02-02 |',
    ),
  )
})

test('a page without the two lines is left alone', () => {
  expect(() => mergeFaultTable('# Page', [], HERE)).toThrow('docs/page.md lacks the lines')
})
