const NAME_MAX = 31

/**
 * Gives every sheet a name spreadsheets accept: no `[]:*?/\`, no quotes at its ends, 31 characters at most, its own
 * whatever the case.
 */
export function createSheetNames(): (wanted: string) => string {
  const taken = new Set(['history'])
  return (wanted) => {
    const plain = plainName(wanted)
    for (let number = 1; number < 10_000; number += 1) {
      const name = number === 1 ? shortened(plain, '') : shortened(plain, ` (${number})`)
      if (taken.has(name.toLowerCase())) continue
      taken.add(name.toLowerCase())
      return name
    }
    throw new Error(`There are too many sheets called "${wanted}"`)
  }
}

/** A sheet's name as formulas write it. */
export function quotedSheetName(name: string): string {
  return `'${name.replaceAll("'", "''")}'`
}

function plainName(wanted: string): string {
  const name = wanted
    .toWellFormed()
    .replace(/[[\]:*?/\\\p{Cc}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^'+|'+$/g, '')
  return name === '' ? 'Sheet' : name
}

function shortened(name: string, suffix: string): string {
  const room = NAME_MAX - suffix.length
  if (name.length <= room) return name + suffix
  return `${name.slice(0, room - 1).trimEnd()}…`.toWellFormed().replace('\ufffd', '') + suffix
}
