/** What a column of a fact holds, and so how a cell of a file is read into it. */
export type ColumnType =
  | 'id'
  | 'text'
  | 'texts'
  | 'integer'
  | 'number'
  | 'seconds'
  | 'boolean'
  | 'instant'
  | 'date'
  | 'money'
  | 'currency'
  | 'attributes'

export type FactColumn = {
  type: ColumnType
  /** A row without it is rejected; a mapping that does not mention it is refused. */
  required?: true
  /** What an empty cell means where the table takes no null. */
  whenEmpty?: string
  /** The only values there are. */
  oneOf?: readonly string[]
  /** Numbers and money: the smallest. */
  min?: number
  /** Numbers: the largest. Text, each of several texts, and ids: the most characters. */
  max?: number
  /** An instant that may lie ahead of now, such as the beginning of a booking. */
  mayBeAhead?: true
  /** When the row comes along with other facts and is there already, the earlier instant of the two is kept. */
  earliest?: true
}

/**
 * What must hold between columns. It is only asked when all of `columns` were read; the last of them is the one that is
 * blamed.
 */
export type FactRule = {
  columns: readonly string[]
  /** Columns it looks at, too, where they are read; those that are not are null. */
  optional?: readonly string[]
  /**
   * The table holds it too, and refuses a fact of which only a half was said: a mapping that reads one of the columns
   * reads the others.
   */
  inTable?: true
  /**
   * Takes the values in the order of `columns`, then of `optional`, as PostgreSQL's text form has them; says what is
   * wrong, or null.
   */
  broken(...values: (string | null)[]): string | null
}

/** One kind of fact, declared once: the table it goes to and what each column takes. */
export type FactKind = {
  name: string
  /** Other names a person may type. */
  aliases: readonly string[]
  table: string
  /**
   * The column that dates a fact and is part of its key; null for what has no time (sectors, agents, customers) or a
   * span (subscriptions).
   */
  time: string | null
  /**
   * Facts of other kinds refer to it: one that a row brings along is made when it is missing and otherwise left alone.
   */
  comesAlong?: true
  columns: Readonly<Record<string, FactColumn>>
  rules: readonly FactRule[]
}

/** Ids are indexed; PostgreSQL's index rows have an end. */
const ID_MAX = 200

export const id: FactColumn = { type: 'id', required: true, max: ID_MAX }
export const reference: FactColumn = { type: 'id', max: ID_MAX }
export const name: FactColumn = { type: 'text', required: true, max: 200 }
export const text: FactColumn = { type: 'text', max: 200 }
export const longText: FactColumn = { type: 'text', max: 10_000 }
/** The longest span a column of seconds takes: thirty days. */
export const SECONDS_MAX = 30 * 24 * 60 * 60
export const seconds: FactColumn = { type: 'seconds', min: 0, max: SECONDS_MAX, whenEmpty: '0' }
/** PostgreSQL's integer. */
const INTEGER_MAX = 2_147_483_647
export const count: FactColumn = { type: 'integer', min: 0, max: INTEGER_MAX, whenEmpty: '0' }
export const boolean: FactColumn = { type: 'boolean', whenEmpty: 'false' }
export const texts: FactColumn = { type: 'texts', max: 200, whenEmpty: '{}' }
/** From -1, furious, to 1, delighted. */
export const sentiment: FactColumn = { type: 'number', min: -1, max: 1 }
export const percent: FactColumn = { type: 'number', min: 0, max: 100 }
/** When a fact happened. */
export const happenedAt: FactColumn = { type: 'instant', required: true }
export const instant: FactColumn = { type: 'instant' }
/** Minor units of the client's currency; never below nothing. */
export const worth: FactColumn = { type: 'money', min: 0 }
export const currency: FactColumn = { type: 'currency' }
export const channel: FactColumn = {
  type: 'text',
  oneOf: ['voice', 'whatsapp', 'instagram', 'messenger', 'web', 'sms', 'email'],
}
