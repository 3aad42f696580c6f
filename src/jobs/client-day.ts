import { z } from 'zod'

export const clientId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a client id: lower-case letters, digits, hyphens')

/** A day that a business of today may have facts of. Years that nobody means (0001, 9999) are refused at the door. */
export const factDay = z.iso
  .date()
  .refine((day) => day >= '1990-01-01' && day < '2100-01-01', 'must lie between 1990 and 2099')

/** The payload of whatever is done once per client and local day. */
export const clientDay = z.strictObject({ clientId, day: factDay })
