/** The face of metrics: what other folders may use of it. */
export { type RolledDay, rollUpDay } from './roll-up-day.ts'
