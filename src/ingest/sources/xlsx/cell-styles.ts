import { readXml, type Workbook } from './workbook.ts'
import { LimitError } from './xml-reader.ts'

/** What a number in a cell is: itself, or what its format shows it as. `elapsed`: hours beyond 24, as `[h]:mm`. */
export type NumberKind = 'number' | 'date' | 'time' | 'date-time' | 'elapsed'

/** What spreadsheet programs allow: styles of cells, and characters of a format. */
const STYLES_MAX = 65_536
const FORMAT_CHARS_MAX = 255

/** By the number of a cell's style. */
export type CellStyles = readonly NumberKind[]

/**
 * The formats that every workbook has by number (ECMA-376 part 1, 18.8.30); those of 27 to 36 and 50 to 58 are dates of
 * East Asia.
 */
const BUILT_IN: Record<number, NumberKind> = {
  ...Object.fromEntries([14, 15, 16, 17].map((id) => [id, 'date' as const])),
  ...Object.fromEntries([18, 19, 20, 21, 32, 33, 45, 47].map((id) => [id, 'time' as const])),
  22: 'date-time',
  ...Object.fromEntries([27, 28, 29, 30, 31, 34, 35, 36].map((id) => [id, 'date' as const])),
  ...Object.fromEntries(Array.from({ length: 9 }, (_, index) => [50 + index, 'date' as const])),
  46: 'elapsed',
}

/** What each style of a workbook makes of a number. */
export async function readCellStyles(workbook: Workbook): Promise<CellStyles> {
  if (workbook.stylesPart === null) return []
  const custom = new Map<number, NumberKind>()
  const styles: NumberKind[] = []
  let isCells = false
  await readXml(workbook, workbook.stylesPart, {
    open(element, attributes) {
      const id = Number(attributes['numFmtId'] ?? 0)
      if (element === 'numFmt') custom.set(id, kindOfFormat(attributes['formatCode'] ?? ''))
      if (element === 'cellXfs') isCells = true
      if (styles.length > STYLES_MAX || custom.size > STYLES_MAX)
        throw new LimitError(`it has more than ${STYLES_MAX} styles`)
      if (element === 'xf' && isCells) styles.push(custom.get(id) ?? BUILT_IN[id] ?? 'number')
    },
    close(element) {
      if (element === 'cellXfs') isCells = false
    },
  })
  return styles
}

/** What a format such as `[$-409]d. mmm yyyy;@` shows. */
export function kindOfFormat(whole: string): NumberKind {
  const code = whole.slice(0, FORMAT_CHARS_MAX)
  if (/\[(?:h+|m+|s+)\]/i.test(code)) return 'elapsed'
  const [first = ''] = code
    .replaceAll(/"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/g, '')
    .replaceAll(/am\/pm|a\/p/gi, 'h')
    .toLowerCase()
    .split(';')
  if (first.includes('general')) return 'number'
  const hasTime = /[hs]/.test(first)
  // m is a month, unless hours or seconds make it minutes.
  const hasDate = /[yd]/.test(first) || (first.includes('m') && !hasTime)
  if (hasDate) return hasTime ? 'date-time' : 'date'
  return hasTime ? 'time' : 'number'
}
