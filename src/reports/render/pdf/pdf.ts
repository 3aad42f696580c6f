import { htmlPage } from '../html/html.ts'
import type { Renderer } from '../renderer.ts'
import { titleOf } from '../value/document-title.ts'
import { createFormatter } from '../value/format-value.ts'

/** The page, printed. A summary to read: tables show their first rows only, all rows are in the other files. */
export const pdfRenderer: Renderer = {
  format: 'pdf',
  mediaType: 'application/pdf',
  extension: 'pdf',
  async *render(document, { printer, fonts, log, signal }) {
    const { meta } = document
    const { html, missing } = await htmlPage(document, { medium: 'paper', fonts, signal })
    if (missing.length > 0)
      log.warn({ report: meta.report, missing: missing.length }, 'the fonts at hand lack characters of a page')
    const asOf =
      meta.dataAsOf === null ? 'no data rolled up' : `data as of ${createFormatter(meta).minute(meta.dataAsOf)}`
    const status = meta.provisionalDays.length > 0 ? 'Provisional · ' : ''
    yield await printer.print(html, {
      title: titleOf(meta),
      headerText: `${meta.client.name} · ${meta.title} · ${meta.windowLabel}`,
      footerText: `${status}Execution ${meta.executionId} · ${asOf}`,
      signal,
    })
  },
}
