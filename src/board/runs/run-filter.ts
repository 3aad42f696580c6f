import { z } from 'zod'
import type { RunFilter } from '../../queues/index.ts'
import { clientId, day, jobName } from '../http/address.ts'
import type { Context } from '../http/context.ts'
import { refuseOtherClient } from '../http/own-client.ts'
import { runOrigin, runState } from './run-reply.ts'

const states = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((text) => text.split(',')))
  .pipe(z.array(runState))

/** A day is its first moment in UTC. */
const time = z
  .union([z.iso.datetime(), day])
  .refine((text) => text >= '1900' && text < '2300', 'is out of range')
  .transform((text) => (text.length === 'YYYY-MM-DD'.length ? `${text}T00:00:00Z` : text))

/** What selects runs, in an address and in a body alike. */
export const runFilterFields = {
  client: clientId.optional(),
  job: jobName.optional(),
  state: states.optional().describe('One state or several, separated by commas.'),
  night: day.optional().describe('The local day whose night the run belongs to.'),
  from: day.optional().describe('With `to`: runs about days of this half-open window, whenever they ran.'),
  to: day.optional().describe('The day after the last.'),
  plannedFrom: time.optional().describe('Planned at this instant or later; a day is its first moment in UTC.'),
  plannedTo: time.optional().describe('Planned before this.'),
  origin: runOrigin.optional().describe('Who asked for it.'),
  text: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe('Anywhere in key, error code, error message or id, in whatever case.'),
}

const filter = z.strictObject(runFilterFields)

/** The filter as the ledger takes it, bound to the client of the visitor. Throws HttpError `other-client`. */
export function filterInSight(context: Context, given: z.output<typeof filter>): RunFilter {
  refuseOtherClient(context, given.client)
  return ledgerFilterOf({ ...given, client: context.identity.clientId ?? given.client })
}

/** The filter as the ledger takes it, for whoever may see every client. */
export function ledgerFilterOf({ client, state, from, to, ...same }: z.output<typeof filter>): RunFilter {
  return definedOnly({ clientId: client, states: state, windowFrom: from, windowTo: to, ...same })
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function definedOnly<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>
}
