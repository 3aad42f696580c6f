/** Why a cell cannot be taken. The sentence goes on after the value: `is not a whole number`. */
export type Fault = { reason: string }

/** A value as PostgreSQL's text form has it, null for none, or why there is none to have. */
export type Cell = string | null | Fault

/** Reads the text of a cell that is not empty. */
export type CellReader = (text: string) => Cell

export function isFault(cell: Cell): cell is Fault {
  return typeof cell === 'object' && cell !== null
}

export function fault(reason: string): Fault {
  return { reason }
}
