/** What a person should know, once: noticed, told by mail and webhook, shown on the board. */

export type { AlertKind } from './alert-kind.ts'
export { expireAlerts } from './expire.ts'
export { alertKinds } from './kinds/index.ts'
export { type PostAlertsTools, postAlerts } from './post.ts'
export { type AlertOptions, watchAlerts } from './raise.ts'
export { badgeOf, pageOf, runOf } from './subject.ts'
export { type AlertView, countOpenAlerts, listAlerts, NOTICE_STATES } from './views.ts'
