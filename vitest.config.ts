import { defineConfig } from 'vitest/config'
import { PATIENCE } from './test/support/patience.ts'

const MINUTE_MS = 60_000

/** No test fails because the machine is slow: these are for what hangs. What waits inside a test gives up before, and says for what. */
const DEADLINES = {
  testTimeout: 5 * MINUTE_MS,
  hookTimeout: 5 * MINUTE_MS,
  teardownTimeout: 5 * MINUTE_MS,
  expect: { poll: PATIENCE },
}

/** A level of tests that uses the shared PostgreSQL and Redis: started once per run, see test/support/servers.ts. */
function levelWithServers(name: string, more: { maxConcurrency?: number; testTimeout?: number } = {}) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup: ['test/support/servers.ts'],
      ...DEADLINES,
      ...more,
    },
  }
}

export default defineConfig({
  test: {
    // The machines that run this have two cores; one in three tests waits for something.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          ...DEADLINES,
          include: ['src/**/*.test.ts', 'sample/**/*.test.ts', 'scripts/**/*.test.ts', 'test/support/**/*.test.ts'],
        },
      },
      { test: { name: 'tidy', include: ['test/tidy.test.ts'], ...DEADLINES } },
      levelWithServers('integration'),
      levelWithServers('e2e'),
      levelWithServers('hostile', { maxConcurrency: 3 }),
      // They mostly wait for something to be noticed.
      levelWithServers('faults', { maxConcurrency: 3, testTimeout: 10 * MINUTE_MS }),
    ],
  },
})
