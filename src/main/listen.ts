import { createBoard } from '../board/board.ts'
import { listen as listenOn } from '../board/http/listen.ts'
import { systemClock } from '../time.ts'
import { outboxFolder, type Program, publicUrlOf } from './program.ts'
import { version } from './version.ts'

const CLOSE_GRACE_MS = 5_000

/** Opens the board of a program. `url` is where people reach it. */
export async function listen(program: Program): Promise<{ url: string; close(): Promise<void> }> {
  const { config, database, backend, engine, registry, jobTools, log } = program
  const publicUrl = publicUrlOf(config)
  const app = createBoard({
    database,
    ledger: engine.ledger,
    registry,
    queues: backend.queues,
    storage: jobTools.storage,
    outboxFolder: config.SMTP_URL === undefined ? outboxFolder(config) : null,
    readiness: [
      { name: 'database', check: async () => void (await database.queuePool.query('select 1')) },
      { name: 'queue', check: () => backend.check() },
      { name: 'storage', check: () => jobTools.storage.check() },
      { name: 'clock', check: async () => refuse(engine.refusal()) },
    ],
    clock: systemClock,
    log,
    publicUrl,
    host: config.HOST,
    trustedProxies: config.TRUSTED_PROXIES,
    metricsWithoutKey: config.METRICS_WITHOUT_KEY,
    sessionTtlHours: config.SESSION_TTL_HOURS,
    requestsPerSecond: config.REQUESTS_PER_SECOND,
    importMaxBytes: config.IMPORT_MAX_BYTES,
    keptDays: Math.min(config.LEDGER_TTL_DAYS, config.FACTS_TTL_DAYS ?? config.LEDGER_TTL_DAYS),
    factDays: config.FACTS_TTL_DAYS ?? null,
    eventDays: config.EVENTS_TTL_DAYS,
    version,
  })
  const server = await listenOn(app, { host: config.HOST, port: config.PORT })
  const url = config.PORT === 0 ? `http://${config.HOST}:${server.port}` : publicUrl
  return { url, close: () => server.close(CLOSE_GRACE_MS) }
}

function refuse(reason: string | null): void {
  if (reason !== null) throw new Error(reason)
}
