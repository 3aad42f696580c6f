import { expect, test } from 'vitest'
import { ownAddress, saying } from './page.ts'

test.each([
  ['/runs?state=failed', '/runs?state=failed'],
  ['//evil.example/', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['', '/'],
  ['/\t/evil.example', '/'],
  [`/${'x'.repeat(2000)}`, '/'],
])('after a form nobody is sent to another site: %j leads to %j', (given, expected) => {
  expect(ownAddress.parse(given)).toBe(expected)
})

test('what was done is said on the page that follows, once', () => {
  expect(saying('/runs?state=failed&notice=old', 'retried')).toBe('/runs?state=failed&notice=retried')
})
