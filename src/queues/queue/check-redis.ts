import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, type Redis } from 'ioredis'
import { InputError, messageOf } from '../../errors.ts'
import { SECOND_MS } from '../../time.ts'

/** Redis answers a question within this time, or counts as away. */
const ANSWER_WITHIN_MS = 1.5 * SECOND_MS
/** A key that could not be deleted goes by itself. */
const PROBE_TTL_MS = 10 * SECOND_MS

/** What to do, by the first word of what Redis says. */
const ADVICE: Record<string, string> = {
  READONLY: 'it is a replica: set REDIS_URL to its master, or promote it',
  MOVED: 'it is a node of a cluster: set REDIS_CLUSTER=true',
  NOAUTH: 'put the password into REDIS_URL (redis://:password@host)',
  WRONGPASS: 'correct user and password in REDIS_URL',
  NOPERM: 'let the user of REDIS_URL use all commands on all keys',
  OOM: 'it is out of memory: raise its maxmemory',
  MISCONF: 'it cannot write its snapshot: look at its log and disk',
  LOADING: 'it reads its data: wait',
  CLUSTERDOWN: 'some of its slots have no master: look at CLUSTER INFO',
  MASTERDOWN: 'it is a replica without its master: promote it, or bring the master back',
}

/** Whether Redis itself refused a command, rather than that it could not be reached. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError' && !/^(UNBLOCKED|NOSCRIPT)\b/.test(error.message)
}

/** What Redis or the connection to it said, and what to do about it. */
export function redisWords(error: unknown): string {
  const cause = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : null
  const said = messageOf(cause instanceof Error ? cause : error).replace(/ script: [0-9a-f]+.*$/s, '')
  const advice = ADVICE[said.split(' ', 1)[0] ?? '']
  return advice === undefined ? said : `${said} (${advice})`
}

/**
 * Writes, reads and deletes a key: what the queues need of Redis at any moment. Throws within seconds what is wrong,
 * and how to fix it.
 */
export async function checkRedis(redis: Redis | Cluster, keyPrefix: string): Promise<void> {
  const key = `${keyPrefix}:probe:${randomUUID()}`
  await answered(
    'the key it was given',
    redis
      .set(key, 'probe', 'PX', PROBE_TTL_MS)
      .then(() => redis.get(key))
      .then(async (value) => {
        if (value !== 'probe') throw new InputError('redis', 'Redis does not give back what was written into it')
        await redis.del(key)
      }),
  )
}

export type RedisExamined = { version: string; evicts: string | null }

/**
 * The same, and whether this is the kind of server that REDIS_URL and REDIS_CLUSTER say. `evicts` is its
 * maxmemory-policy where that lets it throw jobs away. Throws InputError `redis`.
 */
export async function examineRedis(
  redis: Redis | Cluster,
  keyPrefix: string,
  /** What became of its connection, which says more than that a question was not answered. */
  trouble: () => string | null,
): Promise<RedisExamined> {
  try {
    // A cluster has nobody to ask before it is known whole.
    if (redis instanceof Cluster) await checkRedis(redis, keyPrefix)
    const infos = await Promise.all(mastersOf(redis).map((node) => answered('INFO', node.info())))
    const facts = infos.map(factsOf)
    if (!(redis instanceof Cluster)) {
      refuseKind(facts[0] ?? {})
      await checkRedis(redis, keyPrefix)
    }
    const policies = facts.map(({ maxmemory_policy: policy }) => policy ?? 'noeviction')
    const version = facts[0]?.['redis_version'] ?? 'of unknown version'
    return { version, evicts: policies.find((policy) => policy !== 'noeviction') ?? null }
  } catch (error) {
    if (error instanceof InputError) throw error
    if (isRefusal(error)) throw new InputError('redis', `Redis cannot be used: ${redisWords(error)}`)
    const words = trouble() ?? redisWords(error)
    throw new InputError('redis', `Redis cannot be used: ${words}; see that it runs, and that REDIS_URL is right`)
  }
}

/** Where a policy lets the server throw jobs away. */
export function evictionWords(policy: string): string {
  return `Redis has maxmemory-policy ${policy} and may throw jobs away: set it to noeviction`
}

function mastersOf(redis: Redis | Cluster): Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis]
}

/** `name:value` lines of INFO. */
function factsOf(info: string): Record<string, string> {
  return Object.fromEntries(
    info.split(/\r?\n/).flatMap((line) => [line.split(':', 2)].filter((pair) => pair.length === 2)),
  )
}

function refuseKind(facts: Record<string, string>): void {
  if (facts['redis_mode'] === 'sentinel')
    throw new InputError('redis', 'REDIS_URL names a sentinel, which holds no queues; set it to the master it watches')
  if (facts['cluster_enabled'] === '1' || facts['redis_mode'] === 'cluster')
    throw new InputError('redis', 'REDIS_URL names a node of a cluster; set REDIS_CLUSTER=true')
  if (facts['role'] === 'slave') {
    const master = `${facts['master_host'] ?? '?'}:${facts['master_port'] ?? '?'}`
    throw new InputError('redis', `REDIS_URL names a replica, which takes no jobs; set it to its master, ${master}`)
  }
}

/** What is asked of a server that hangs, or is not there, would wait for ever. */
async function answered<T>(what: string, answer: Promise<T>): Promise<T> {
  const inTime = new AbortController()
  const late = sleep(ANSWER_WITHIN_MS, undefined, { signal: inTime.signal }).then(() => {
    throw new Error(`Redis did not answer within ${ANSWER_WITHIN_MS / SECOND_MS} s (${what})`)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    late.catch(() => {})
    answer.catch(() => {})
    inTime.abort()
  }
}
