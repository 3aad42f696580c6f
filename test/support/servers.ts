import type { TestProject } from 'vitest/node'
import { ensureTemplate, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'

declare module 'vitest' {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- adding to vitest's own takes an interface
  export interface ProvidedContext {
    /** A PostgreSQL server in which tests make databases of their own. */
    postgresUrl: string
    postgresTemplate: string
    /** A Redis all tests share; each uses a key prefix of its own. */
    redisUrl: string
  }
}

export type Servers = { postgresUrl: string; redisUrl: string; stop(): Promise<void> }

/**
 * Starts what the tests need and is not there: TEST_DATABASE_URL and TEST_REDIS_URL (or REDIS_URL) name servers to use
 * instead.
 */
export async function startServers(environment: Record<string, string | undefined>): Promise<Servers> {
  const redisUrl = environment['TEST_REDIS_URL'] ?? environment['REDIS_URL']
  const [postgres, redis] = await Promise.all([
    environment['TEST_DATABASE_URL'] === undefined ? startPostgres() : borrowed(environment['TEST_DATABASE_URL']),
    redisUrl === undefined ? startRedis() : borrowed(redisUrl),
  ])
  return {
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    async stop() {
      await Promise.all([postgres.stop(), redis.stop()])
    },
  }
}

function borrowed(url: string): { url: string; stop(): Promise<void> } {
  return { url, stop: async () => {} }
}

/** Called by vitest once before the files of a level; what it returns is called after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await startServers(process.env)
  project.provide('postgresUrl', servers.postgresUrl)
  project.provide('postgresTemplate', await ensureTemplate(servers.postgresUrl))
  project.provide('redisUrl', servers.redisUrl)
  return servers.stop
}
