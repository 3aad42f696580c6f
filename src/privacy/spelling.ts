/** How a customer's id is looked for in texts: as a word of its own, never as a part of a longer one. */

/**
 * Whether an id tells a customer when it stands in any text: it has a letter (or @ or +) and a digit (or @), and is
 * long enough not to be a word. `42`, `voice` and `q1` stand for much else; `c-10042` and `ada@example.com` do not.
 * Nine digits and more tell, too.
 */
export function isTelling(id: string, lengthMin = 6): boolean {
  if (/^\d+$/.test(id)) return id.length >= 9
  return id.length >= lengthMin && /[\p{L}@+]/u.test(id) && /[\d@]/.test(id)
}

/** A word for PostgreSQL's regular expressions. A full stop ends a word only where nothing follows it. */
export function databaseWord(word: string): string {
  return `(?<![[:alnum:]_@+.-])${escaped(word)}(?![[:alnum:]_@+-]|\\.[[:alnum:]])`
}

/** The same for texts that are read here. */
export function words(all: readonly string[]): RegExp {
  return new RegExp(
    `(?<![\\p{L}\\p{N}_@+.-])(?:${all.map(escaped).join('|')})(?![\\p{L}\\p{N}_@+-]|\\.[\\p{L}\\p{N}])`,
    'u',
  )
}

function escaped(word: string): string {
  return word.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
}
