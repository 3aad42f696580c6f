import { openCsv } from './csv/csv-source.ts'
import { readStart } from './file-start.ts'
import { type Format, foreign, formatOf } from './format.ts'
import { openJsonLines } from './jsonl/jsonl-source.ts'
import type { RecordSource, SourceFile, SourceOptions } from './source.ts'

/**
 * Opens a file of any format. `format` null: told by its first bytes and its name. Throws an InputError for what cannot
 * be read.
 */
export async function openSource(
  file: SourceFile,
  format: Format | null,
  options: SourceOptions,
): Promise<{ source: RecordSource; format: Format }> {
  const start = await readStart(file)
  const chosen = format ?? formatOf(file, start)
  switch (chosen) {
    case 'csv':
      return { format: chosen, source: await openCsv(file, start, options) }
    case 'jsonl':
      return { format: chosen, source: await openJsonLines(file, start, options) }
    case 'xlsx':
      if (start.isPacked) throw foreign(file.called, 'a workbook that gzip packed; unpack it first')
      return { format: chosen, source: await openWorkbook(file, start, options) }
  }
}

/** What reads workbooks is loaded for them only. */
async function openWorkbook(
  ...file: Parameters<typeof import('./xlsx/xlsx-source.ts').openXlsx>
): Promise<RecordSource> {
  const { openXlsx } = await import('./xlsx/xlsx-source.ts')
  return openXlsx(...file)
}
