import { sql } from 'kysely'
import { defineAlertKind, type Noticed } from '../../src/alerts/alert-kind.ts'
import { findBy } from '../../src/alerts/find-by.ts'

/** A kind of alert that is about no run: a sector whose name says that it is closed. */
export const sectorClosed = defineAlertKind<'sector-closed', Noticed & { name: string }>({
  name: 'sector-closed',
  subject: 'sector',
  notices: 'a sector is closed',
  closes: 'when it is open again',
  runbook: 'what-is-wrong',
  badge: { state: 'stopped', words: 'Closed' },
  page: { label: 'The sector', pathOf: (id) => `/sectors/${encodeURIComponent(id)}` },
  tellsOwners: true,
  isOneAtATime: true,
  find: findBy(import.meta.dirname, 'sector-closed'),
  isOver: () => sql`not exists (
    select from sectors s where s.client_id = a.client_id and s.id = a.subject_id and s.name like '%(closed)'
  )`,
  words: ({ name, clientId }) => ({
    title: `${name} takes no calls`,
    message: `${name} of ${clientId} is closed.`,
    advice: 'Open it again, or send its calls elsewhere.',
  }),
})
