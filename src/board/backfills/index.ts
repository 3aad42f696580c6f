import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'
import { cancelBackfillEndpoint, findBackfill, listBackfills, startBackfillEndpoint } from './endpoints.ts'
import { newBackfillPage, startBackfillForm } from './new-page.ts'
import { backfillPage, backfillsPage, cancelBackfillForm } from './pages.ts'

export { backfillCancelled, backfillStarted } from './request-backfill.ts'

export const backfills: Feature = {
  endpoints: [startBackfillEndpoint, listBackfills, findBackfill, cancelBackfillEndpoint],
  pages: [backfillsPage, newBackfillPage, startBackfillForm, backfillPage, cancelBackfillForm],
  place: {
    href: '/backfills',
    label: 'Backfills',
    icon: 'backfill',
    role: 'viewer',
    scope: 'client',
    isHere: everywhere,
    count: null,
  },
  notices: {
    'backfill-started': 'Planned. It works its way through, behind the nights.',
    'backfill-partly-open':
      'Planned. Some of its windows are in progress already, in runs that are not counted here: Runs shows them.',
    'backfill-open': 'No window was new: those that are not done are in progress already, and Runs shows them.',
    'backfill-known': 'The same backfill was in progress already: here it is.',
    'backfill-cancelled': 'Cancelled. A run that was already at work stops within seconds.',
  },
}
