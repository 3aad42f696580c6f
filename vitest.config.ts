import { defineConfig } from 'vitest/config'

const SECOND_MS = 1000

/** A level of tests that uses the shared PostgreSQL and Redis: started once per run, see test/support/servers.ts. */
function levelWithServers(name: string, timeoutMs: number, more: { maxConcurrency?: number } = {}) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup: ['test/support/servers.ts'],
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
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
          include: ['src/**/*.test.ts', 'sample/**/*.test.ts', 'scripts/**/*.test.ts', 'test/support/**/*.test.ts'],
        },
      },
      { test: { name: 'tidy', include: ['test/tidy.test.ts'], testTimeout: 30 * SECOND_MS } },
      levelWithServers('integration', 30 * SECOND_MS),
      levelWithServers('e2e', 90 * SECOND_MS),
      levelWithServers('hostile', 300 * SECOND_MS, { maxConcurrency: 3 }),
      // They mostly wait for something to be noticed.
      levelWithServers('faults', 600 * SECOND_MS, { maxConcurrency: 3 }),
    ],
  },
})
