import type { Database } from '../db/database.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { Webhook } from '../mail/webhook.ts'
import type { RunContext } from '../queues/index.ts'
import type { FontLibrary, PdfPrinter } from '../reports/render/index.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** What this program's jobs may use beside their run's context. */
export type JobTools = {
  database: Database
  storage: ObjectStore
  mailer: Mailer
  /** Where alerts are called out beside the mails; null: nowhere. */
  webhook: Webhook | null
  printer: PdfPrinter
  fonts: FontLibrary
  mail: {
    /** Links in mails begin with this, without a slash at the end. */
    publicUrl: string
    attachMaxBytes: number
    linkTtlDays: number
  }
  /** Where an uploaded file lies while it is imported. */
  importFolder: string
  retention: { reportDays: number; ledgerDays: number; factDays: number | null; eventDays: number; importDays: number }
}

export type JobContext = RunContext & JobTools
