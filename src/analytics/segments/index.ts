/** The face of segments: what other folders may use of them. */
export { type RefreshedTiers, refreshTiers } from './refresh-tiers.ts'
export { TIERS, type Tier } from './tiers.ts'
