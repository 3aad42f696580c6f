import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { createLog } from '../../src/log.ts'
import type { Document, ReportFormat } from '../../src/reports/document.ts'
import {
  type FontLibrary,
  openFonts,
  openPdfPrinter,
  type PdfPrinter,
  type RenderTools,
  renderers,
} from '../../src/reports/render/index.ts'
import { golden } from '../golden/document.ts'
import { type PdfText, readPdf } from './report-files.ts'

/** The golden document in every format, rendered once. */

export const VALUES_SHEET = 'Every kind of value a b'

let printer: PdfPrinter

let fonts: FontLibrary

export let pdf: PdfText

export const files = {} as Record<ReportFormat, Buffer>

beforeAll(async () => {
  const folder = join(import.meta.dirname, '../../.daybreak/test-tools/chromium')
  printer = openPdfPrinter({ chromiumPath: process.env['CHROMIUM_PATH'], folder, log: createLog('error') })
  fonts = await openFonts()
  for (const format of Object.keys(renderers) as ReportFormat[]) files[format] = await render(golden, format)
  pdf = await readPdf(files.pdf)
})

afterAll(() => printer.close())

function tools(): RenderTools {
  return { printer, fonts, log: createLog('silent'), signal: AbortSignal.timeout(90_000) }
}

export async function render(document: Document, format: ReportFormat): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(renderers[format].render(document, tools())))
}
