import { expect, test } from 'vitest'
import { moreSpecificFirst } from './routes.ts'

test('an address is looked at before those it would fit, in whatever order they are declared', () => {
  const wanted = [
    '/runs',
    '/runs/bulk',
    '/runs/bulk/:id',
    '/runs/:id',
    '/runs/:id/retry',
    '/:place/bulk',
    '/:place/:id',
  ]
  for (let turn = 0; turn < wanted.length; turn += 1) {
    const sorted = [...wanted.slice(turn), ...wanted.slice(0, turn)].sort(moreSpecificFirst)
    expect(sorted.indexOf('/runs/bulk')).toBeLessThan(sorted.indexOf('/runs/:id'))
    expect(sorted.indexOf('/runs/:id')).toBeLessThan(sorted.indexOf('/:place/:id'))
    expect(sorted.indexOf('/:place/bulk')).toBeLessThan(sorted.indexOf('/:place/:id'))
  }
})
