import type { ClientDatabase } from '../../db/database.ts'

const numbers = new WeakMap<ClientDatabase, number>()
let last = 0

/** A number for each handle: what is kept under it was seen through that handle, and is given to nobody who may see something else. */
export function handleNumber(db: ClientDatabase): number {
  const known = numbers.get(db)
  if (known !== undefined) return known
  last += 1
  numbers.set(db, last)
  return last
}
