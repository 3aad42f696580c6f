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
  return (metric) => limitsOf(metric, own.get(metric.name))
}

/** A client's own limits where it has set any, else the catalogue's. */
export function limitsOf(metric: Metric, own: Thresholds | undefined): Thresholds {
  return {
    target: own?.target ?? metric.target,
    warning: own?.warning ?? metric.warning,
    critical: own?.critical ?? metric.critical,
  }
}
