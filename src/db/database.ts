import type { Duplex } from 'node:stream'
import { callbackify } from 'node:util'
import {
  type AccessMode,
  type IsolationLevel,
  Kysely,
  type Transaction as KyselyTransaction,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type TransactionBuilder,
} from 'kysely'
import pg from 'pg'
import type { Log } from '../log.ts'
import { preparedName } from '../sql.ts'
import { SECOND_MS } from '../time.ts'
import { answeringForNobody } from '../uncaught.ts'
import { type ClientAccess, proofOf, readClientAccess } from './client-login.ts'
import { lossOf } from './lost-connection.ts'
import type { DB } from './schema.ts'
import { bearSession, type Session } from './session.ts'

declare const scope: unique symbol

/**
 * A handle that knows whose rows it sees, as does every transaction of it. A type alone: nothing of it is there when
 * the program runs.
 */
type Scoped<Whose extends 'client' | 'system'> = {
  readonly [scope]: Whose
  transaction(): ScopedTransactionBuilder<Whose>
} & Kysely<DB>

type ScopedTransactionBuilder<Whose extends 'client' | 'system'> = Omit<
  TransactionBuilder<DB>,
  'execute' | 'setIsolationLevel' | 'setAccessMode'
> & {
  setIsolationLevel(level: IsolationLevel): ScopedTransactionBuilder<Whose>
  setAccessMode(mode: AccessMode): ScopedTransactionBuilder<Whose>
  execute<Result>(work: (transaction: ScopedTransaction<Whose>) => Promise<Result>): Promise<Result>
}

type ScopedTransaction<Whose extends 'client' | 'system'> = Scoped<Whose> & KyselyTransaction<DB>

/** Reads and writes one client's rows: the database itself hides every other client's. The system's handle is none. */
export type ClientDatabase = Scoped<'client'>
/** Sees every client: for the ledger, sign-in, migrations. */
export type SystemDatabase = Scoped<'system'>
/** Sees whatever it sees: for what reads or writes the rows in sight, a visitor's for one. */
export type AnyDatabase = Kysely<DB>
export type ClientTransaction = ScopedTransaction<'client'>
export type SystemTransaction = ScopedTransaction<'system'>
export type AnyTransaction = KyselyTransaction<DB>

export type Database = {
  /** For short statements: one that the database does not answer in time is given up, with its connection. */
  system: SystemDatabase
  /** The same for statements that may take as long as their job. */
  unhurried: SystemDatabase
  /** A handle whose connections are bound to one client by row-level security. */
  forClient(clientId: string): ClientDatabase
  /** One connection bound to one client, for what Kysely cannot say (src/db/copy.ts); whoever takes it releases it. */
  connectAs(clientId: string): Promise<pg.PoolClient>
  /** For BullMQ: its own connections, which find its schema first. */
  queuePool: pg.Pool
  /**
   * Breaks every connection: whoever waits on one hears of it. For when none of them can be trusted any more. Returns
   * the numbers of their sessions on the server, which may not hear of it.
   */
  dropConnections(): number[]
  close(): Promise<void>
}

/**
 * Days and timestamps stay text: `date` as YYYY-MM-DD, `timestamptz` as ISO 8601 in UTC; int8 is a number while it is
 * exact.
 */
const types = new pg.TypeOverrides()
types.setTypeParser(pg.types.builtins.DATE, (text) => text)
types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => Temporal.Instant.from(text.replace(' ', 'T')).toString())
types.setTypeParser(pg.types.builtins.INT8, exactInteger)
types.setTypeParser(pg.types.builtins.NUMERIC, Number)

function exactInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is larger than a number can hold exactly`)
  return value
}

/**
 * A connection that a firewall or a failover has cut off silently looks alive for a quarter of an hour. The ledger's
 * and the queues' own statements take milliseconds: one without an answer for this long has none to come.
 */
const ANSWER_TIMEOUT_MS = 30 * SECOND_MS
const CONNECT_TIMEOUT_MS = 10 * SECOND_MS
/**
 * The worker of each queue (queues/job.ts) keeps a connection for as long as it lives; they must leave some to those
 * that do the work.
 */
const LISTENERS_MAX = 8
/** To get one of the connections: jobs queue for theirs, while others take minutes. */
const TURN_TIMEOUT_MS = 60 * SECOND_MS
/** Handles that are kept for the next who asks; one that was forgotten is made again. */
const HANDLES_MAX = 1000

export type DatabaseOptions = {
  max: number
  log: Log
  /** A role made by hand for work for one client; otherwise the one that migrate made. */
  clientUrl?: string | undefined
}

/** Opens the pools; no connection is made before the first query. */
export function openDatabase(url: string, options: DatabaseOptions): Database {
  const half = Math.ceil(options.max / 2)
  const connections = new Set<pg.PoolClient>()
  const open = (session: Session, change: pg.PoolConfig = {}) =>
    openPool({ connectionString: url, max: half, ...change }, session, connections, options.log)
  const pool = open({ as: 'owner' })
  const queuePool = open(
    // The ledger remembers; what a failing server forgets of the queue, the ledger puts back
    // (queues/queue/reconcile.ts).
    { as: 'owner', searchPath: 'bullmq', settings: { synchronous_commit: 'off' } },
    { max: options.max + LISTENERS_MAX, query_timeout: ANSWER_TIMEOUT_MS },
  )
  const clients = openClientPool(
    () => readClientAccess(pool, url, options.clientUrl),
    // One that names no client sees nothing.
    (access) => open({ as: 'client' }, { connectionString: access.url, connectionTimeoutMillis: TURN_TIMEOUT_MS }),
  )
  const asSystem = { connect: () => pool.connect(), end: async () => {} }
  const handles = new Map<string, ClientDatabase>()
  return {
    system: handleOn<'system'>(asSystem, ANSWER_TIMEOUT_MS),
    unhurried: handleOn<'system'>(asSystem),
    forClient(clientId) {
      const known = handles.get(clientId)
      if (known) return known
      const handle = handleOn<'client'>({ connect: () => clients.connectAs(clientId), end: async () => {} })
      handles.set(clientId, handle)
      const [first] = handles.keys()
      // Whoever asks may name clients that do not exist.
      if (handles.size > HANDLES_MAX && first !== undefined) handles.delete(first)
      return handle
    },
    connectAs: clients.connectAs,
    queuePool,
    dropConnections() {
      const dropped = [...connections]
      for (const connection of dropped) socketOf(connection).destroy(new Error('the connection was given up'))
      return dropped.map((connection) => (connection as unknown as { processID: number }).processID)
    },
    async close() {
      await Promise.all([pool.end(), queuePool.end(), clients.end()])
    },
  }
}

/** The numbers of the server's processes behind connections: what a client's name is proven for. */
const pids = new WeakMap<pg.ClientBase, number>()

function openPool(options: pg.PoolConfig, session: Session, connections: Set<pg.PoolClient>, log: Log): pg.Pool {
  const bear = async (connection: pg.ClientBase) => {
    pids.set(connection, await bearSession(connection, session))
  }
  const pool = new pg.Pool({
    keepAlive: true,
    application_name: 'daybreak',
    connectionTimeoutMillis: ANSWER_TIMEOUT_MS,
    Client: QuickClient as never,
    // Whoever asked for it hears of it, and nobody gets it.
    verify: callbackify(bear),
    ...options,
  })
  pool.on('connect', (connection) => connections.add(connection))
  pool.on('remove', (connection) => connections.delete(connection))
  // An idle connection that dies (server restart) is replaced on next use; without a listener it would end the process.
  // So does one that dies while it is taken; whoever holds it hears of it from their next query.
  pool.on('connect', (connection) =>
    connection.on('error', (error) => log.debug({ error: error.message }, 'a database connection was lost')),
  )
  pool.on('error', (error) => log.warn({ error: error.message }, 'an idle database connection was lost'))
  return pool
}

/**
 * The pool would give a connection that is being made as long as whoever waits for another's; `new` takes what this
 * returns.
 */
function QuickClient(options: pg.ClientConfig): pg.Client {
  const client = new pg.Client({ ...options, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  const connect = client.connect.bind(client)
  // It serves others after whoever needs it first.
  return Object.assign(client, {
    connect: (...words: Parameters<typeof connect>) => answeringForNobody(() => connect(...words)),
  })
}

/** Ending a connection politely would wait for an answer, and its holder would not hear of it. */
function socketOf(connection: pg.PoolClient): Duplex {
  return (connection as unknown as { connection: { stream: Duplex } }).connection.stream
}

const INVALID_PASSWORD = '28P01'

type ClientPool = { connectAs(clientId: string): Promise<pg.PoolClient>; end(): Promise<void> }

/**
 * The pool of clients' own role, opened when somebody first works for a client: until then its password need not be
 * known.
 */
function openClientPool(read: () => Promise<ClientAccess>, open: (access: ClientAccess) => pg.Pool): ClientPool {
  type Opened = { pool: pg.Pool; access: ClientAccess }
  let opened: Promise<Opened> | null = null
  const scopes = new WeakMap<pg.PoolClient, string>()
  const openOnce = () => {
    opened ??= read().then(
      (access) => ({ pool: open(access), access }),
      (error: unknown) => {
        opened = null
        throw error
      },
    )
    return opened
  }
  const forget = (stale: Promise<Opened>) => {
    if (opened !== stale) return
    opened = null
    void stale.then(({ pool }) => pool.end())
  }
  return {
    async connectAs(clientId) {
      const asked = openOnce()
      const { pool, access } = await asked
      const connection = await pool.connect().catch((error: unknown) => {
        // Somebody has given the role another password: whoever asks next reads it again.
        if (error instanceof pg.DatabaseError && error.code === INVALID_PASSWORD) forget(asked)
        throw error
      })
      if (scopes.get(connection) === clientId) return connection
      try {
        await connection.query(
          "select set_config('daybreak.client_id', $1, false), set_config('daybreak.client_proof', $2, false)",
          [clientId, proofOf(access, pids.get(connection) ?? 0, clientId)],
        )
      } catch (error) {
        connection.release(true)
        throw error
      }
      scopes.set(connection, clientId)
      return connection
    },
    end: async () => (await opened?.catch(() => null))?.pool.end(),
  }
}

/**
 * A Kysely whose results come through our parsers; the pool itself, which the queues share, keeps pg's. An error of the
 * connection is a DatabaseAwayError, and nobody gets that connection again.
 */
function handleOn<Whose extends 'client' | 'system'>(
  pool: { connect(): Promise<pg.PoolClient>; end(): Promise<void> },
  timeoutMs: number | null = null,
): Scoped<Whose> {
  const parsed: PostgresPool = {
    options: {},
    async connect() {
      const connection = await pool.connect().catch((error: unknown) => {
        throw lossOf(error) ?? error
      })
      let lost: Error | null = null
      const lose = (error: unknown) => {
        lost = lossOf(error)
        throw lost ?? error
      }
      const query = async (text: unknown, values?: readonly unknown[]) => {
        // A rollback, for one, would wait for an answer as long again.
        if (lost !== null) throw lost
        if (typeof text !== 'string') return connection.query(text as never)
        const limit = timeoutMs === null ? {} : { query_timeout: timeoutMs }
        const config = { name: preparedName(text), text, values: values as unknown[], types, ...limit }
        return connection.query(config as pg.QueryConfig).catch(lose)
      }
      return { query, release: () => connection.release(lost !== null) } as unknown as PostgresPoolClient
    },
    end: pool.end,
  }
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool: parsed }) }) as Scoped<Whose>
}
