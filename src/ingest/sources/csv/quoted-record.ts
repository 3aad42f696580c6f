/**
 * `end`: where the line end of the record stands, or the end of the text; `at`: where it breaks. null: the text ends
 * before the record does.
 */
export type ParsedRecord = { fields: string[]; end: number } | { reason: string; at: number } | null

/** Reads the CSV record that begins at `from` and holds a quote. `final`: nothing comes after the text. */
export function parseQuotedRecord(text: string, from: number, delimiter: string, final: boolean): ParsedRecord {
  const fields: string[] = []
  for (let at = from; ; ) {
    const field = text[at] === '"' ? quotedField(text, at, final) : plainField(text, at, delimiter, final)
    if (field === null) return null
    fields.push(field.value)
    const ending = endingAt(text, field.end, delimiter, final)
    if (ending === 'unknown') return null
    if (ending === 'neither') {
      const reason = `has text after the closing quote of field ${fields.length}: a quote inside quotes is doubled`
      return { reason, at: field.end }
    }
    if (ending === 'record') return { fields, end: text[field.end] === '\r' ? field.end + 1 : field.end }
    at = field.end + 1
  }
}

/** What stands after a field. */
function endingAt(
  text: string,
  at: number,
  delimiter: string,
  final: boolean,
): 'field' | 'record' | 'unknown' | 'neither' {
  const char = text[at]
  if (char === delimiter) return 'field'
  if (char === '\n') return 'record'
  if (char === undefined) return final ? 'record' : 'unknown'
  const next = text[at + 1]
  if (char === '\r' && next === undefined) return final ? 'record' : 'unknown'
  return char === '\r' && next === '\n' ? 'record' : 'neither'
}

type Field = { value: string; end: number } | null

function quotedField(text: string, from: number, final: boolean): Field {
  let isDoubled = false
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at)
    if (quote === -1) return null
    // The second half of a doubled quote may be in the next piece.
    if (quote + 1 === text.length && !final) return null
    if (text[quote + 1] !== '"') {
      const value = text.slice(from + 1, quote)
      return { value: isDoubled ? value.replace(/""/g, '"') : value, end: quote + 1 }
    }
    isDoubled = true
    at = quote + 2
  }
}

/** A field without a quote at its head; quotes further in (5" pipe) are text. */
function plainField(text: string, from: number, delimiter: string, final: boolean): Field {
  for (let at = from; at < text.length; at += 1) {
    const char = text[at]
    if (char === delimiter || char === '\n') {
      const end = char === '\n' && at > from && text[at - 1] === '\r' ? at - 1 : at
      return { value: text.slice(from, end), end }
    }
  }
  if (!final) return null
  const end = text.length > from && text.endsWith('\r') ? text.length - 1 : text.length
  return { value: text.slice(from, end), end }
}
