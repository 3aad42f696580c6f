import { expect, test } from 'vitest'
import { countTests } from './count-tests.ts'

test('a file that could not be loaded counts as one failed test', () => {
  const report = {
    numPassedTests: 3,
    numFailedTests: 1,
    numPendingTests: 1,
    numTodoTests: 1,
    testResults: [
      { status: 'failed', assertionResults: [{}, {}] },
      { status: 'failed', assertionResults: [] },
      { status: 'passed', assertionResults: [{}] },
    ],
  }
  expect(countTests(report)).toEqual({ passed: 3, failed: 2, skipped: 2 })
})
