import type { ClientDatabase } from '../../db/database.ts'
import type { Metric, Thresholds } from './catalogue/metric.ts'

/** The limits that a client has set for itself, by the name of the metric; what it has not set is the catalogue's. */
export async function clientThresholds(db: ClientDatabase, clientId: string): Promise<(metric: Metric) => Thresholds> {
  const rows = await db
    .selectFrom('metric_thresholds')
    .select(['metric', 'target', 'warning', 'critical'])
    .where('client_id', '=', clientId)
    .execute()
  const own = new Map(rows.map((row) => [row.metric, row]))
  return (metric) => {
    const limits = own.get(metric.name)
    return {
      target: limits?.target ?? metric.target,
      warning: limits?.warning ?? metric.warning,
      critical: limits?.critical ?? metric.critical,
    }
  }
}
