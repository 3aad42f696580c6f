/** What a column of a fact holds, and so how a cell of a file is read into it. */
export type ColumnType =
  | 'id'
  | 'text'
  | 'integer'
  | 'seconds'
  | 'boolean'
  | 'instant'
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
  /** Numbers: the smallest. */
  min?: number
  /** Numbers: the largest. Text and ids: the most characters. */
  max?: number
  /** An instant that may lie ahead of now, such as a settlement date. */
  mayBeAhead?: true
  /** When the row comes along with other facts and is there already, the earlier instant of the two is kept. */
  earliest?: true
}

/** One kind of fact, declared once: the table it goes to and what each column takes. */
export type FactKind = {
  name: string
  /** Other names a person may type. */
  aliases: readonly string[]
  table: string
  /** The column that dates a fact; null for what facts refer to (sectors, agents, customers), which have no time. */
  time: string | null
  columns: Readonly<Record<string, FactColumn>>
  /** What must hold between two columns: `broken` says what is wrong, or null. It is only asked when both were read. */
  rule?: {
    columns: readonly [string, string]
    broken(first: string | null, second: string | null): string | null
  }
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
export const boolean: FactColumn = { type: 'boolean', whenEmpty: 'false' }
export const channel: FactColumn = {
  type: 'text',
  oneOf: ['voice', 'whatsapp', 'instagram', 'messenger', 'web', 'sms', 'email'],
}
