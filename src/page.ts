import { z } from 'zod'
import { InputError } from './errors.ts'

/**
 * Lists in pages. A page that is not the last one says where the next begins: after the row with these values of the
 * list's order.
 */

export type Page<Row> = {
  rows: Row[]
  /** null: there are no more. */
  nextCursor: string | null
}

/** How a list says where a page begins. Opaque to whoever asks; it stays good while rows come and go. */
export type Cursor<Key> = {
  write(key: Key): string
  /**
   * null: a list is asked for from its start. Throws InputError('invalid-cursor') for what this list does not write.
   */
  read(text: string | undefined): Key | null
}

/** `key`: the values the list is in order by, of which the last is of one row only. */
export function defineCursor<Key>(key: z.ZodType<Key>): Cursor<Key> {
  return {
    write: (values) => Buffer.from(JSON.stringify(values)).toString('base64url'),
    read(text) {
      if (text === undefined) return null
      const parsed = key.safeParse(valueIn(text))
      if (parsed.success) return parsed.data
      throw new InputError('invalid-cursor', 'The cursor is none that this list gave out. Start again without one.')
    },
  }
}

/** Of a list in the order of instants, by id where two are the same. */
export const instantCursor = defineCursor(z.tuple([z.iso.datetime(), z.guid()]))

/** A name in a cursor: PostgreSQL holds no NUL. */
export const cursorWord = z.string().regex(/^\P{Cc}{1,200}$/u)

/** How many rows to read for a page: one more than it shows tells whether another page follows. */
export function rowsToRead(limit: number): number {
  return limit + 1
}

/** The page that rows make, of which at most `rowsToRead(limit)` were read. */
export function pageOf<Row>(rows: readonly Row[], limit: number, cursorOf: (row: Row) => string): Page<Row> {
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { rows: shown, nextCursor: last === undefined ? null : cursorOf(last) }
}

function valueIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
