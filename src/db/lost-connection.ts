import pg from 'pg'
import { DatabaseAwayError, messageOf } from '../errors.ts'

/**
 * What a server says that cannot serve for now: it shuts down, has crashed, starts, has no room, or ended a session
 * that was silent.
 */
const AWAY_STATES = ['57P01', '57P02', '57P03', '57P05', '25P03', '53300']

/** A DatabaseAwayError for an error of the driver that is the connection's; null for any other. */
export function lossOf(error: unknown): DatabaseAwayError | null {
  if (!isLoss(error)) return null
  return new DatabaseAwayError(`the database is away: ${messageOf(error) || 'it cannot be reached'}`, { cause: error })
}

function isLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof pg.DatabaseError) {
    const { code = '' } = error
    return AWAY_STATES.includes(code) || code.startsWith('08')
  }
  // What the server does not say the driver says, or the system, and always of the connection; of these three are
  // parsers and wrong calls.
  return !(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)
}
