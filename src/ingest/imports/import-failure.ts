import { InputError } from '../../errors.ts'
import type { Tally } from '../write/staging.ts'

/**
 * What an import had done when it came to no end: rows read and rejected, and what became of the facts that are kept
 * all the same.
 */
export type DoneBefore = { read: number; rejected: number; tallies: Tally[] }

/** Why an import came to no end, with what it had done before. `cause` is what happened. */
export class ImportFailure extends InputError {
  readonly done: DoneBefore
  constructor({ code, message }: InputError, cause: unknown, done: DoneBefore) {
    super(code, message)
    this.name = 'ImportFailure'
    this.cause = cause
    this.done = done
  }
}
