import type { Called } from './called.ts'

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
  /** Of the file as it lies there, packed or not. */
  bytesRead: number
  /** Something to tell whoever imports the file. */
  note: string | null
}

/** One record of a file: where it begins, its fields, and its text as it stood. */
export type SourceRecord = {
  /** The line or row of the file it begins on, counted from 1 as a person's editor or spreadsheet does. */
  line: number
  fields: string[]
  text: string
  /**
   * Cells that hold no value, such as the errors of a workbook; they cost the record only where somebody reads them.
   */
  faults?: CellFault[]
}

/** `at` counts the fields from 0; `value` is what stands in the cell. */
export type CellFault = { at: number; value: string; reason: string }

/**
 * Why a row was not taken. `column` and `value` are empty when the row as a whole is at fault; `text` is the row as it
 * stood.
 */
export type Reject = { line: number; column: string; value: string; reason: string; text: string }

/** A file to read: where it lies, its name, which may tell its format, and what messages call it. */
export type SourceFile = { path: string; name: string; called: Called }

/** How a file is read where its format leaves a choice. */
export type SourceOptions = {
  /** CSV: one character. */
  delimiter: string
  /** CSV. */
  encoding: 'utf-8' | 'windows-1252' | 'utf-16le'
  /** XLSX: the name of a sheet, or its number counted from 1; null: the first that is not hidden. */
  sheet: string | null
  /** XLSX: the row with the names of the columns; null: the first that is not empty. */
  headerRow: number | null
  /** JSON Lines: the columns that are read; a name of an object stands for the object as a whole. */
  wanted: ReadonlySet<string>
  signal: AbortSignal
}
