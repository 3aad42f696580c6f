import type { Feature } from '../http/feature.ts'
import { everywhere } from '../ui/place.ts'

export { inItsWords, isItsQuestion, mountBullBoard } from './bull-board.ts'

export const queues: Feature = {
  endpoints: [],
  pages: [],
  place: {
    href: '/queues/',
    label: 'Queues',
    icon: 'queue',
    role: 'viewer',
    scope: 'everything',
    isHere: everywhere,
    count: null,
  },
  notices: {},
}
