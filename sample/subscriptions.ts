import type { Insertable } from 'kysely'
import type { ReportSubscriptions } from '../src/db/schema.ts'

/** Yesterday's performance every morning, last month's revenue on every first: who gets them, and as what. */
export function subscriptionRows(clientId: string): Insertable<ReportSubscriptions>[] {
  const mail = (name: string) => `${name}@${clientId}.example`
  return [
    {
      client_id: clientId,
      id: 'performance-daily',
      report: 'performance',
      period: 'yesterday',
      cron: '30 5 * * *',
      formats: ['pdf', 'xlsx', 'csv', 'html', 'json'],
      recipients: JSON.stringify([
        { address: mail('supervisors'), formats: ['pdf', 'xlsx'] },
        { address: mail('front-office'), formats: ['html'] },
        { address: mail('data'), formats: ['csv', 'json'] },
      ]),
      owner_address: mail('operations'),
    },
    {
      client_id: clientId,
      id: 'monthly-revenue',
      report: 'monthly-revenue',
      period: 'last-month',
      cron: '0 6 1 * *',
      formats: ['pdf', 'xlsx', 'csv', 'html', 'json'],
      recipients: JSON.stringify([
        { address: mail('finance'), formats: ['pdf', 'xlsx'] },
        { address: mail('owner'), formats: ['pdf'] },
        { address: mail('bookkeeping'), formats: ['csv'] },
      ]),
      owner_address: mail('operations'),
    },
  ]
}
