/** The face of segments: what other folders may use of them. */
export { type RefreshedTiers, refreshTiers } from './refresh-tiers.ts'
