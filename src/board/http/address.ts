import { z } from 'zod'

/** Parts of addresses and lists that several endpoints share. */

export const uuid = z.guid('must be a UUID')
export const clientId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be the id of a client')
export const clientOfAll = clientId.optional().describe('Only those who act for all clients need to say which.')
export const jobName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,99}$/, 'must be the name of a job')
/** A local day in the years the database and the calendar agree on. */
export const day = z.iso
  .date('must be a day such as 2026-03-29')
  .refine((text) => text >= '1900' && text < '2300', 'is out of range')

export const nothing = z.strictObject({})
export const runParams = z.strictObject({ id: uuid.describe('The id of a run.') })

/** A list in pages: pass `nextCursor` of one answer as `cursor` of the next request. */
export const page = {
  cursor: z.string().max(300).optional().describe('`nextCursor` of the page before.'),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Rows a page.'),
}
export const nextCursor = z.string().nullable().describe('null on the last page.')
