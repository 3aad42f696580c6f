import type { Code } from '../../codes/index.ts'
import { InputError } from '../../errors.ts'
import type { Called } from './called.ts'

const SHOWN_MAX = 30

/** More names than a table has columns: then names are data. */
export const COLUMNS_MAX = 2000
/** Characters of a name, which may be a whole question of a survey. */
export const NAME_CHARS_MAX = 1000

/**
 * A file that does not fit. What stands in the place of its header may be somebody's row, and so may be its sheets'
 * names; a message is logged, mailed and kept where no erasure looks: it names only what was expected, and places.
 * `found` is what the file or its mapping says there, for the terminal of whoever has the file, and for those who may
 * see its import.
 */
export class FileFault extends InputError {
  readonly #found: string
  constructor(code: Code, message: string, found: string) {
    super(code, message)
    this.name = 'FileFault'
    this.#found = found
  }
  /** Behind a getter, so that nothing that prints an error as it stands shows it. */
  get found(): string {
    return this.#found
  }
}

/** What to look at first when the names of a file are not those that were expected. */
export const ASK_FOR_HEADER = 'Is its first line a header?'

/**
 * Throws an InputError for a header of more columns than are read, and a FileFault when two of them have the same name.
 */
export function checkColumns(file: Called, header: readonly string[]): void {
  if (header.length > COLUMNS_MAX) {
    const message = `The header of ${file} has ${countOf(header)}, of which at most ${COLUMNS_MAX} are read: leave out those that are empty or not needed.`
    throw new InputError('too-many-columns', message)
  }
  const long = header.findIndex((name) => name.length > NAME_CHARS_MAX)
  if (long !== -1) {
    const message = `The header of ${file} has a name of more than ${NAME_CHARS_MAX} characters for column ${long + 1}. ${ASK_FOR_HEADER}`
    throw new InputError('bad-header', message)
  }
  refuseTwins(file, header)
}

function refuseTwins(file: Called, header: readonly string[]): void {
  const places = new Map<string, number>()
  for (const [index, name] of header.entries()) {
    const first = name === '' ? undefined : places.get(name)
    if (first !== undefined) {
      const columns = `columns ${first + 1} and ${index + 1}`
      throw new FileFault('bad-header', `The header of ${file} has one name for ${columns}.`, `It is "${name}".`)
    }
    places.set(name, index)
  }
}

/** How many columns a file has, for messages: `3 columns`. */
export function countOf(header: readonly string[]): string {
  return header.length === 1 ? '1 column' : `${header.length} columns`
}

/** Which columns of a header these are, counted from 1: `column 2, column 5`. */
export function placesOf(names: readonly string[], header: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX + 1)
  return listed(shown.map((name) => `column ${header.indexOf(name) + 1}`))
}

/** The first of many, with commas between. */
export function listed(words: readonly string[]): string {
  return words.length <= SHOWN_MAX ? words.join(', ') : `${words.slice(0, SHOWN_MAX).join(', ')}, …`
}
