import {
  Kysely,
  type Transaction as KyselyTransaction,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
} from 'kysely'
import pg from 'pg'
import type { Log } from '../log.ts'
import { preparedName } from '../sql.ts'
import type { DB } from './schema.ts'

/** Reads and writes one client's rows: the database itself hides every other client's. */
export type ClientDatabase = Kysely<DB>
/** Sees every client: for the ledger, sign-in, migrations. */
export type SystemDatabase = Kysely<DB>
export type Transaction = KyselyTransaction<DB>

export type Database = {
  system: SystemDatabase
  /** A handle whose connections are bound to one client by row-level security. */
  forClient(clientId: string): ClientDatabase
  /** One connection bound to one client, for what Kysely cannot say (src/db/copy.ts); whoever takes it releases it. */
  connectAs(clientId: string): Promise<pg.PoolClient>
  /** For BullMQ: its own connections, which find its schema first. */
  queuePool: pg.Pool
  close(): Promise<void>
}

/** Days and timestamps stay text: `date` as YYYY-MM-DD, `timestamptz` as ISO 8601 in UTC; int8 is a number while it is exact. */
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

/** Opens the pools; no connection is made before the first query. */
export function openDatabase(url: string, options: { max: number; log: Log }): Database {
  const half = Math.ceil(options.max / 2)
  const pool = openPool(url, half, '-c TimeZone=UTC', options.log)
  // Every connection of the second pool is born in the restricted role, so one that names no client sees nothing.
  const clientPool = openPool(url, half, '-c TimeZone=UTC -c role=daybreak_client', options.log)
  const queuePool = openPool(url, options.max, '-c TimeZone=UTC -c search_path=bullmq', options.log)
  const scopes = new WeakMap<pg.PoolClient, string>()
  const handles = new Map<string, ClientDatabase>()
  return {
    system: handleOn({ connect: () => pool.connect(), end: async () => {} }),
    forClient(clientId) {
      const known = handles.get(clientId)
      if (known) return known
      const handle = handleOn({ connect: () => connectAs(clientPool, scopes, clientId), end: async () => {} })
      handles.set(clientId, handle)
      return handle
    },
    connectAs: (clientId) => connectAs(clientPool, scopes, clientId),
    queuePool,
    async close() {
      await Promise.all([pool.end(), clientPool.end(), queuePool.end()])
    },
  }
}

function openPool(url: string, max: number, startOptions: string, log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    keepAlive: true,
    application_name: 'daybreak',
    options: startOptions,
  })
  // An idle connection that dies (server restart) is replaced on next use; without a listener it would end the process.
  // So does one that dies while it is taken; whoever holds it hears of it from their next query.
  pool.on('connect', (connection) =>
    connection.on('error', (error) => log.debug({ error: error.message }, 'a database connection was lost')),
  )
  pool.on('error', (error) => log.warn({ error: error.message }, 'an idle database connection was lost'))
  return pool
}

async function connectAs(
  pool: pg.Pool,
  scopes: WeakMap<pg.PoolClient, string>,
  clientId: string,
): Promise<pg.PoolClient> {
  const connection = await pool.connect()
  if (scopes.get(connection) === clientId) return connection
  try {
    await connection.query("select set_config('daybreak.client_id', $1, false)", [clientId])
  } catch (error) {
    connection.release(true)
    throw error
  }
  scopes.set(connection, clientId)
  return connection
}

/** A Kysely whose results come through our parsers; the pool itself, which the queues share, keeps pg's. */
function handleOn(pool: { connect(): Promise<pg.PoolClient>; end(): Promise<void> }): Kysely<DB> {
  const parsed: PostgresPool = {
    options: {},
    async connect() {
      const connection = await pool.connect()
      const query = (text: unknown, values?: readonly unknown[]) =>
        typeof text === 'string'
          ? connection.query({ name: preparedName(text), text, values: values as unknown[], types } as pg.QueryConfig)
          : connection.query(text as never)
      return { query, release: () => connection.release() } as unknown as PostgresPoolClient
    },
    end: pool.end,
  }
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool: parsed }) })
}
