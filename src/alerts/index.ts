/** What a person should know, once: noticed, told by mail and webhook, shown on the board. */

export { expireAlerts } from './expire.ts'
export { type PostAlertsTools, postAlerts } from './post.ts'
export { type AlertOptions, watchAlerts } from './raise.ts'
export {
  ALERT_KINDS,
  type AlertView,
  countOpenAlerts,
  listAlerts,
  NOTICE_STATES,
} from './views.ts'
