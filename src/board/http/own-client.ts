import type { Context } from './context.ts'
import { HttpError } from './problem.ts'

/** Throws HttpError `other-client` when a visitor who acts for one client asks about another. */
export function refuseOtherClient({ identity }: Context, client: string | undefined): void {
  if (client === undefined || identity.clientId === null || client === identity.clientId) return
  throw new HttpError('other-client', `You act for ${identity.clientId}, and this is about ${client}.`)
}
