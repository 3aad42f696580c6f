import type { Feature } from '../http/feature.ts'
import { mailAttachment, mailBody, mailPage, outboxPage } from './pages.ts'

export const outbox: Feature = {
  endpoints: [],
  pages: [outboxPage, mailPage, mailBody, mailAttachment],
  place: {
    href: '/outbox',
    label: 'Outbox',
    icon: 'mail',
    role: 'operator',
    scope: 'everything',
    isHere: (board) => board.outboxFolder !== null,
    count: null,
  },
  notices: {},
}
