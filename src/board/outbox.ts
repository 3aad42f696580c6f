/** A mail in the folder outbox. */
export type OutboxEntry = { id: string; to: string; subject: string; date: string; sizeBytes: number }

/** One mail, opened. */
export type OutboxMail = OutboxEntry & {
  from: string
  text: string
  /** As a mail program would show it, its pictures inside; null for a mail of text only. */
  html: string | null
  attachments: { fileName: string; mediaType: string; sizeBytes: number }[]
}

/** The folder that stands in for a mail server. */
export type Outbox = {
  /** Newest first. */
  list(limit: number): Promise<OutboxEntry[]>
  /** null: there is no such mail. */
  read(id: string): Promise<OutboxMail | null>
}
