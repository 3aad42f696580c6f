import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { InputError, messageOf } from '../errors.ts'
import type { JobTools } from '../jobs/job-tools.ts'
import type { Log } from '../log.ts'
import type { Mailer } from '../mail/mailer.ts'
import { domainOf } from '../mail/message.ts'
import { openOutbox } from '../mail/outbox.ts'
import { type DkimKey, openSmtp } from '../mail/smtp.ts'
import { openWebhook } from '../mail/webhook.ts'
import { openFonts, openPdfPrinter } from '../reports/render/index.ts'
import { openFolderStore } from '../storage/folder-store.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** Opens what jobs use beside their run's context, for a worker and for its children alike. */
export async function openJobTools(config: Config, database: Database, log: Log): Promise<JobTools> {
  return {
    database,
    storage: await openStorage(config),
    mailer: await openMailer(config),
    webhook:
      config.ALERT_WEBHOOK_URL === undefined
        ? null
        : openWebhook({ url: config.ALERT_WEBHOOK_URL, secret: config.ALERT_WEBHOOK_SECRET }),
    printer: openPdfPrinter({ chromiumPath: config.CHROMIUM_PATH, folder: join(config.DATA_DIR, 'chromium'), log }),
    fonts: await openFonts(),
    mail: {
      publicUrl: publicUrlOf(config),
      attachMaxBytes: config.MAIL_ATTACH_MAX_BYTES,
      linkTtlDays: config.LINK_TTL_DAYS,
    },
    importFolder: join(config.DATA_DIR, 'imports'),
    retention: {
      reportDays: config.REPORT_TTL_DAYS,
      ledgerDays: config.LEDGER_TTL_DAYS,
      importDays: config.IMPORT_TTL_DAYS,
      factDays: config.FACTS_TTL_DAYS ?? null,
      eventDays: config.EVENTS_TTL_DAYS,
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
  const dkim = await readDkimKey(config)
  return openSmtp(config.SMTP_URL, { from: config.MAIL_FROM, ...(dkim === null ? {} : { dkim }) })
}

/** What mails are signed with, or null. Throws InputError('configuration') for a file that cannot be read. */
export async function readDkimKey(config: Config): Promise<DkimKey | null> {
  const path = config.SMTP_DKIM_KEY_FILE
  if (path === undefined) return null
  const privateKey = await readFile(path, 'utf8').catch((error) => {
    const advice = 'Correct SMTP_DKIM_KEY_FILE, or let the user that runs Daybreak read it.'
    throw new InputError('configuration', `The DKIM key ${path} cannot be read: ${messageOf(error)}. ${advice}`)
  })
  const domain = config.SMTP_DKIM_DOMAIN ?? domainOf(config.MAIL_FROM)
  return { domain, selector: config.SMTP_DKIM_SELECTOR, privateKey }
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
