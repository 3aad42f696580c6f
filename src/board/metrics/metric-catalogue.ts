import { z } from 'zod'
import { clientThresholds, dimensionsOf, METRICS, type Metric } from '../../analytics/metrics/index.ts'
import { setThresholds } from '../../analytics/questions/index.ts'
import { actingClient } from '../http/acting-client.ts'
import { nothing } from '../http/address.ts'
import { defineEndpoint, json } from '../http/endpoint.ts'
import { clientParameter, dimension, headOf, metricHead, thresholds } from './metric-parts.ts'

const entry = z
  .strictObject({
    ...metricHead.shape,
    digits: z.int().nullable().describe('After the point, for decimals.'),
    kind: z
      .enum(['sums', 'level', 'percentile', 'composite', 'retention'])
      .describe(
        'sums: a sum or a ratio of two; level: as it is at the end of a range; composite: made of other metrics.',
      ),
    declared: thresholds.describe('The limits of the catalogue; `thresholds` are those of the client.'),
    dimensions: z
      .array(dimension)
      .describe('What it is kept by: it can be broken down by these, or narrowed to their members.'),
    formula: z.string(),
    note: z.string().describe('What counts at the edges.'),
    source: z.string().describe('Where the definition or its limits come from.'),
  })
  .meta({ id: 'Metric' })

export const listCatalogue = defineEndpoint({
  method: 'get',
  path: '/api/analytics/catalogue',
  group: 'Analytics',
  summary: 'Every metric there is: what it is called and made of, and the limits of the client.',
  role: 'reports',
  scope: 'client',
  params: nothing,
  query: z.strictObject({ client: clientParameter }),
  statuses: [200],
  reply: z.strictObject({ metrics: z.array(entry) }),
  async handle({ query }, context) {
    const { db, clientId } = await actingClient(context, query.client)
    const thresholdsOf = await clientThresholds(db, clientId)
    return json({ metrics: Object.values(METRICS).map((metric) => entryOf(metric, thresholdsOf(metric))) })
  },
})

function entryOf(metric: Metric, limits: z.output<typeof thresholds>): z.input<typeof entry> {
  const { digits, kind, formula, note, source, target, warning, critical } = metric
  const head = headOf({ ...metric, thresholds: limits })
  const [declared, dimensions] = [{ target, warning, critical }, dimensionsOf(metric)]
  return { ...head, digits: digits ?? null, kind, declared, dimensions, formula, note, source }
}

export const setThresholdsEndpoint = defineEndpoint({
  method: 'put',
  path: '/api/admin/thresholds/:metric',
  group: 'Analytics',
  summary: 'Set the limits that a metric has for one client; null takes one back to that of the catalogue.',
  role: 'admin',
  scope: 'client',
  params: z.strictObject({ metric: z.string().max(100).describe('A name of the catalogue.') }),
  query: z.strictObject({ client: clientParameter }),
  body: thresholds,
  statuses: [200],
  reply: z.strictObject({ metric: z.string(), clientId: z.string(), thresholds }),
  async handle({ params: { metric }, query, body }, context) {
    const { db, clientId } = await actingClient(context, query.client)
    const before = await setThresholds(db, { clientId, metric, limits: body })
    const audit = { action: 'set-thresholds', target: `metric:${metric}`, clientId, before, after: body }
    return { answer: json({ metric, clientId, thresholds: body }), audit }
  },
})
