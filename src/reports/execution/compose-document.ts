import { sql } from 'kysely'
import { windowStanding } from '../../analytics/questions/index.ts'
import type { ClientDatabase, ClientTransaction } from '../../db/database.ts'
import { reportNamed } from '../catalogue/index.ts'
import type { Document, DocumentMeta } from '../document.ts'
import { windowLabel } from '../period.ts'
import type { ReportParams } from '../report.ts'

/** Loads and composes a report in one snapshot of everything it reads, or its parts might not add up. */
export async function composeDocument(
  db: ClientDatabase,
  { name, executionId, ...asked }: Omit<ReportParams, 'at'> & { name: string; executionId: string },
): Promise<Document> {
  const report = reportNamed(name)
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const generatedAt = await databaseNow(tx)
      const params = { ...asked, at: Temporal.Instant.from(generatedAt) }
      const data = await report.load(tx, params)
      const { title } = report
      const meta = { report: name, title, executionId, generatedAt, ...(await aboutWindow(tx, params)) }
      return { meta, blocks: report.compose(data, meta) }
    })
}

type AboutWindow = Omit<DocumentMeta, 'report' | 'title' | 'executionId' | 'generatedAt'>

async function aboutWindow(tx: ClientTransaction, { client, window, filters }: ReportParams): Promise<AboutWindow> {
  const { dataAsOf, provisionalDays, quarantined } = await windowStanding(tx, client.id, window)
  return {
    client: { id: client.id, name: client.name },
    locale: client.locale,
    timeZone: client.timeZone,
    currency: client.currency,
    window,
    ...(Object.keys(filters).length === 0 ? {} : { filters }),
    windowLabel: windowLabel(window, client.locale),
    dataAsOf,
    provisionalDays,
    quarantinedFacts: quarantined,
  }
}

async function databaseNow(tx: ClientTransaction): Promise<string> {
  const { rows } = await sql<{ now: string }>`select now() as now`.execute(tx)
  const [row] = rows
  if (row === undefined) throw new TypeError('select now() has one row')
  return row.now
}
