/**
 * Rows on their way to the database, as bytes: the memory they take is two buffers used over and over, not a million
 * strings.
 */
export type Batch = {
  rows(): number
  /** Of all texts and lines it holds. */
  bytes(): number
  /** `facts`: a line of COPY's text for each fact of the mapping, null for those that the row does not yield. */
  add(line: number, text: string, facts: readonly (string | null)[]): void
  /** The line of the file on which a row begins, and its text there. */
  origin(row: number): { line: number; text: string }
  /** COPY's text of one fact of the mapping, for rows from `from` up to, not including, `to`. */
  lines(fact: number, from: number, to: number): Buffer
  clear(): void
}

const BUFFER_BYTES_FIRST = 1 << 16

/** The most bytes that UTF-8 takes for one UTF-16 unit. */
const UNIT_BYTES_MAX = 3

export function createBatch(factCount: number): Batch {
  const origins: number[] = []
  const texts = createTexts()
  const facts = Array.from({ length: factCount }, createTexts)
  return {
    rows: () => origins.length,
    bytes: () => facts.reduce((sum, fact) => sum + fact.size(), texts.size()),
    add(line, text, lines) {
      origins.push(line)
      texts.append(text)
      for (const [index, fact] of facts.entries()) fact.append(lines[index] ?? '')
    },
    origin: (row) => ({ line: origins[row] ?? 0, text: texts.bytes(row, row + 1).toString() }),
    lines: (fact, from, to) => facts[fact]?.bytes(from, to) ?? Buffer.alloc(0),
    clear() {
      origins.length = 0
      for (const held of [texts, ...facts]) held.clear()
    },
  }
}

type Texts = { append(text: string): void; size(): number; bytes(from: number, to: number): Buffer; clear(): void }

/** Texts one after the other in one buffer. */
function createTexts(): Texts {
  let buffer = Buffer.allocUnsafe(BUFFER_BYTES_FIRST)
  const starts = [0]
  return {
    append(text) {
      const end = starts.at(-1) ?? 0
      const needed = end + text.length * UNIT_BYTES_MAX
      if (needed > buffer.length) {
        const larger = Buffer.allocUnsafe(Math.max(needed, buffer.length * 2))
        buffer.copy(larger, 0, 0, end)
        buffer = larger
      }
      starts.push(end + buffer.write(text, end))
    },
    size: () => starts.at(-1) ?? 0,
    bytes: (from, to) => buffer.subarray(starts[from], starts[to]),
    clear() {
      starts.length = 1
    },
  }
}
