import { z } from 'zod'

/** A day that a business of today may have facts of. Years that nobody means (0001, 9999) are refused at the door. */
export const factDay = z.iso
  .date()
  .refine((day) => day >= '1990-01-01' && day < '2100-01-01', 'must lie between 1990 and 2099')
