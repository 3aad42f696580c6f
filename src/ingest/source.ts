/** What every format of file becomes: a header, and pages of records. */
export type RecordSource = {
  header: readonly string[]
  /** 0 when it cannot be known. */
  bytesTotal: number
  pages: AsyncIterable<RecordPage>
  /** Needed only when the pages are not read to their end. */
  close(): Promise<void>
}

export type RecordPage = {
  records: SourceRecord[]
  rejects: Reject[]
  bytesRead: number
  /** Something to tell whoever imports the file. */
  note: string | null
}

/** One record of a file: where it begins, its fields, and its text as it stood. */
export type SourceRecord = {
  /** The line of the file it begins on, counted from 1 as a person's editor does. */
  line: number
  fields: string[]
  text: string
}

/** Why a row was not taken. `column` and `value` are empty when the row as a whole is at fault; `text` is the row as it stood. */
export type Reject = { line: number; column: string; value: string; reason: string; text: string }
