import { isCollision } from '../../db/copy.ts'

/**
 * A transaction that marks days which a roll-up, a change of settings or another load marks, too, may be broken off in
 * the middle.
 */
const ATTEMPTS_MAX = 4

/**
 * Does work again that the database broke off because others wrote the same rows; `undo` ends the transaction it left
 * open.
 */
export async function againOnCollision<Result>(
  work: () => Promise<Result>,
  undo: () => Promise<unknown> = async () => {},
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!isCollision(error) || attempt === ATTEMPTS_MAX) throw error
      await undo()
    }
  }
}
