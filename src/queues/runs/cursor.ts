import { InputError } from '../../errors.ts'

/** Where the next page of a list begins: after the row of this instant and id. */
export function writeCursor(at: string, id: string): string {
  return Buffer.from(`${at} ${id}`).toString('base64url')
}

/** The instant and id of a cursor. Throws InputError('invalid-cursor') for one that `writeCursor` did not make. */
export function readCursor(cursor: string): [at: string, id: string] {
  const [at, id] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (
    at === undefined ||
    id === undefined ||
    !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(at) ||
    !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
  ) {
    throw new InputError('invalid-cursor', 'The cursor is none that this list gave out. Start again without one.')
  }
  return [at, id]
}
