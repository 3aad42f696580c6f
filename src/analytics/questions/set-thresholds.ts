import type { ClientDatabase } from '../../db/database.ts'
import { InputError } from '../../errors.ts'
import type { Thresholds } from '../metrics/index.ts'
import { metricNamed } from './metrics-asked.ts'

/**
 * Sets a client's own limits of a metric; null: the catalogue's. Returns those it had. Throws InputError:
 * `unknown-metric`, `invalid-thresholds` when they contradict the metric's direction.
 */
export async function setThresholds(
  db: ClientDatabase,
  { clientId, metric, limits }: { clientId: string; metric: string; limits: Thresholds },
): Promise<Thresholds> {
  checkLimits(metric, limits)
  const nothing = { target: null, warning: null, critical: null }
  return db.transaction().execute(async (tx) => {
    const before = await tx
      .selectFrom('metric_thresholds')
      .select(['target', 'warning', 'critical'])
      .where('client_id', '=', clientId)
      .where('metric', '=', metric)
      .forUpdate()
      .executeTakeFirst()
    await tx
      .insertInto('metric_thresholds')
      .values({ client_id: clientId, metric, ...limits })
      .onConflict((row) => row.columns(['client_id', 'metric']).doUpdateSet(limits))
      .execute()
    return before ?? nothing
  })
}

/** What is critical must not be better than what is a warning, nor that better than the target. */
function checkLimits(name: string, { target, warning, critical }: Thresholds): void {
  const metric = metricNamed(name)
  if (metric.direction === null) {
    throw new InputError('invalid-thresholds', `${name} has no better and worse, and so no limits.`)
  }
  const sign = metric.direction === 'up' ? 1 : -1
  const inOrder = [target ?? metric.target, warning ?? metric.warning, critical ?? metric.critical]
    .filter((limit) => limit !== null)
    .map((limit) => sign * limit)
  if (inOrder.every((limit, index) => limit <= (inOrder[index - 1] ?? limit))) return
  const words = metric.direction === 'up' ? 'higher is better' : 'lower is better'
  const message = `The limits of ${name} contradict each other: ${words}, so the target comes first, then the warning, then critical.`
  throw new InputError('invalid-thresholds', message)
}
