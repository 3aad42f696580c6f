/** Lets those of one name go one after the other, in the order they came; others are not waited for. */
export type Turns = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>

export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return async (name, work) => {
    const before = last.get(name)
    // Whoever goes before tells their own caller how it went.
    const turn = before === undefined ? work() : before.then(work, work)
    last.set(name, turn)
    try {
      return await turn
    } finally {
      if (last.get(name) === turn) last.delete(name)
    }
  }
}
