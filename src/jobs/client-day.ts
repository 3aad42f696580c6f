import { z } from 'zod'
import { factDay } from '../fact-day.ts'

export const clientId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a client id: lower-case letters, digits, hyphens')

/** The payload of whatever is done once per client and local day. */
export const clientDay = z.strictObject({ clientId, day: factDay })
export type ClientDay = z.output<typeof clientDay>
