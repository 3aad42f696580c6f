/**
 * What may stand at a place: a value, a value or the end of a list, a name or the end of an object, a name, a colon,
 * what follows a value.
 */
type Expected = 'value' | 'first value' | 'first name' | 'name' | 'colon' | 'after'

type Token = { kind: '{' | '}' | '[' | ']' | ',' | ':' | 'string' | 'scalar' | 'end'; at: number; end: number }

/**
 * Where a text stops being JSON: the offset of what cannot stand there, or the text's length when it is cut off. null:
 * it is JSON.
 */
export function jsonBreaksAt(text: string): number | null {
  const open: string[] = []
  let expected: Expected = 'value'
  for (let at = 0; at <= text.length; ) {
    const token = tokenAt(text, at)
    if (token === null) return skipSpace(text, at)
    if (token.kind === 'end') return expected === 'after' && open.length === 0 ? null : token.at
    const next = step(expected, token.kind, open)
    if (next === null) return token.at
    expected = next
    at = token.end
  }
  return null
}

/** A place in a text as people count it: `line 3, column 17`. */
export function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`
}

/** What may come after a token; null: it cannot stand here. Opens and closes what is nested. */
function step(expected: Expected, kind: Token['kind'], open: string[]): Expected | null {
  if (expected === 'colon') return kind === ':' ? 'value' : null
  if (expected === 'name' || expected === 'first name') {
    if (kind === 'string') return 'colon'
    return kind === '}' && expected === 'first name' ? closed(open) : null
  }
  if (expected === 'after') return afterValue(kind, open)
  if (kind === ']' && expected === 'first value') return closed(open)
  if (kind === 'string' || kind === 'scalar') return 'after'
  if (kind !== '{' && kind !== '[') return null
  open.push(kind)
  return kind === '{' ? 'first name' : 'first value'
}

function afterValue(kind: Token['kind'], open: string[]): Expected | null {
  const inside = open.at(-1)
  if (inside === undefined) return null
  if (kind === ',') return inside === '{' ? 'name' : 'value'
  return kind === (inside === '{' ? '}' : ']') ? closed(open) : null
}

function closed(open: string[]): Expected {
  open.pop()
  return 'after'
}

const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

function tokenAt(text: string, from: number): Token | null {
  const at = skipSpace(text, from)
  const char = text[at]
  if (char === undefined) return { kind: 'end', at, end: at }
  if ('{}[],:'.includes(char)) return { kind: char as Token['kind'], at, end: at + 1 }
  if (char === '"') {
    const end = endOfString(text, at + 1)
    return end === null ? null : { kind: 'string', at, end }
  }
  SCALAR.lastIndex = at
  const scalar = SCALAR.exec(text)
  return scalar === null ? null : { kind: 'scalar', at, end: at + scalar[0].length }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (' \t\n\r'.includes(text[at] ?? 'x')) at += 1
  return at
}

/** Past the closing quote; null: the string is broken. */
function endOfString(text: string, from: number): number | null {
  for (let at = from; at < text.length; ) {
    const char = text[at] ?? ''
    if (char === '"') return at + 1
    if (char < ' ') return null
    ESCAPE.lastIndex = at
    if (char !== '\\') at += 1
    else if (ESCAPE.test(text)) at = ESCAPE.lastIndex
    else return null
  }
  return null
}
