import type { DocumentMeta } from '../../document.ts'

/** Report, window and client, as a browser's tab, a PDF's title and a workbook's properties show them. */
export function titleOf({ title, windowLabel, client }: DocumentMeta): string {
  return `${title}, ${windowLabel} – ${client.name}`
}
