import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { startEmbeddedServer } from '../db/embedded-server.ts'
import { migrate } from '../db/migrate.ts'
import { jobs } from '../jobs/index.ts'
import type { JobTools } from '../jobs/job-tools.ts'
import { planLateWork } from '../jobs/plan-late-work.ts'
import type { Log } from '../log.ts'
import type { Mailer } from '../mail/mailer.ts'
import { openOutbox } from '../mail/outbox.ts'
import { openSmtp } from '../mail/smtp.ts'
import {
  createEngine,
  createRegistry,
  type Engine,
  openQueueBackend,
  type QueueBackend,
  type Registry,
} from '../queues/index.ts'
import { openFonts, openPdfPrinter } from '../reports/render/index.ts'
import { openFolderStore } from '../storage/folder-store.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { systemClock } from '../time.ts'
import { makeDataFolder } from './make-data-folder.ts'

/** Everything a process of ours may need, opened and wired. */
export type Program = {
  config: Config
  log: Log
  database: Database
  backend: QueueBackend
  registry: Registry
  engine: Engine
  jobTools: JobTools
  /** Stops work within `SHUTDOWN_GRACE_SECONDS`, then closes everything; the embedded database too, unless others use it. */
  close(): Promise<void>
}

/** The database alone, migrated: for commands that only read or write rows. */
export async function openMigratedDatabase(
  config: Config,
  log: Log,
): Promise<{ database: Database; close(): Promise<void> }> {
  await makeDataFolder(config.DATA_DIR)
  const server = await openServer(config)
  await migrate(server.url)
  const database = openDatabase(server.url, { max: config.DATABASE_POOL_MAX, log })
  return {
    database,
    async close() {
      await database.close()
      await server.release()
    },
  }
}

async function openServer(config: Config): Promise<{ url: string; release(): Promise<void> }> {
  if (config.DATABASE_URL !== undefined) return { url: config.DATABASE_URL, release: async () => {} }
  return startEmbeddedServer({ folder: join(config.DATA_DIR, 'postgres'), port: config.DATABASE_PORT })
}

/** Opens every part. What is missing (a font, a template, a server) stops the start here, not the night. */
export async function openProgram(config: Config, log: Log): Promise<Program> {
  const { database, close: closeDatabase } = await openMigratedDatabase(config, log)
  const backend = await openQueueBackend({
    pool: database.queuePool,
    redisUrl: config.REDIS_URL,
    redisCluster: config.REDIS_CLUSTER,
    prefix: config.QUEUE_PREFIX,
    log,
  })
  const jobTools = await openJobTools(config, database, log)
  const registry = createRegistry(jobs)
  const engine = createEngine({
    database,
    backend,
    registry,
    jobTools,
    clock: systemClock,
    clientRunsMax: config.CLIENT_RUNS_MAX,
    concurrency: concurrencyOf(config),
    log,
    onTick: (ledger) => planLateWork(database.system, ledger, systemClock()),
  })
  return {
    config,
    log,
    database,
    backend,
    registry,
    engine,
    jobTools,
    async close() {
      await engine.close(config.SHUTDOWN_GRACE_SECONDS * 1000)
      await Promise.all([jobTools.mailer.close(), jobTools.printer.close()])
      await backend.close()
      await closeDatabase()
    },
  }
}

async function openJobTools(config: Config, database: Database, log: Log): Promise<JobTools> {
  return {
    database,
    storage: await openStorage(config),
    mailer: await openMailer(config),
    printer: openPdfPrinter({ chromiumPath: config.CHROMIUM_PATH, folder: join(config.DATA_DIR, 'chromium'), log }),
    fonts: await openFonts(),
    mail: {
      publicUrl: publicUrlOf(config),
      attachMaxBytes: config.MAIL_ATTACH_MAX_BYTES,
      linkTtlDays: config.LINK_TTL_DAYS,
    },
    retention: {
      reportDays: config.REPORT_TTL_DAYS,
      ledgerDays: config.LEDGER_TTL_DAYS,
      factDays: config.FACTS_TTL_DAYS ?? null,
    },
  }
}

/** Where people reach the board, without a slash at the end. */
export function publicUrlOf(config: Config): string {
  return (config.PUBLIC_URL ?? `http://${config.HOST}:${config.PORT}`).replace(/\/+$/, '')
}

/** The folder of mails, where no server is configured. */
export function outboxFolder(config: Config): string {
  return join(config.DATA_DIR, 'outbox')
}

async function openMailer(config: Config): Promise<Mailer> {
  if (config.SMTP_URL === undefined) return openOutbox(outboxFolder(config), { from: config.MAIL_FROM })
  return openSmtp(config.SMTP_URL, { from: config.MAIL_FROM })
}

async function openStorage(config: Config): Promise<ObjectStore> {
  if (config.S3_BUCKET === undefined) return openFolderStore(join(config.DATA_DIR, 'reports'))
  // The SDK is large, and most commands and machines do without it.
  const { openS3Store } = await import('../storage/s3-store.ts')
  return openS3Store({
    bucket: config.S3_BUCKET,
    endpoint: config.S3_ENDPOINT,
    region: config.S3_REGION,
    accessKeyId: config.S3_ACCESS_KEY_ID,
    secretAccessKey: config.S3_SECRET_ACCESS_KEY,
    forcePathStyle: config.S3_FORCE_PATH_STYLE,
    checksums: config.S3_CHECKSUMS,
  })
}

function concurrencyOf(config: Config) {
  return {
    aggregation: config.CONCURRENCY_AGGREGATION,
    segments: config.CONCURRENCY_SEGMENTS,
    predictions: config.CONCURRENCY_PREDICTIONS,
    reports: config.CONCURRENCY_REPORTS,
    deliveries: config.CONCURRENCY_DELIVERIES,
  }
}
