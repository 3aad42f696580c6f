import { currencyExponent } from '../../../money.ts'
import type { DocumentMeta, Format, ValueType } from '../../document.ts'
import { digitsOf, isNumeric } from '../value/format-value.ts'
import { currencyOf } from '../value/quantity.ts'
import { escapeXml } from './sheet-xml.ts'

/** What a cell looks like beside its number format. */
export type Look =
  | 'plain'
  | 'wrapped'
  | 'name'
  | 'beside'
  | 'title'
  | 'heading'
  | 'subheading'
  | 'label'
  | 'head'
  | 'head-number'
  | 'head-beside'
  | 'total'
  | 'note'
  | 'warning'
  | 'link'
  | 'good'
  | 'bad'

/** Numbers the styles of a workbook as they are asked for; written out last. */
export type Styles = {
  /** The index of a style: a look, and how values of a format are shown. */
  of(look: Look, format?: Format): number
  /** The index of a style for changes: with their sign, in percent or in percentage points. */
  ofChange(unit: '%' | ' points', digits: number): number
  /** The index of a style for differences: as the format, with their sign. */
  ofDifference(format: Format): number
  xml(): string
}

const TEXT = '@'
const GENERAL = 'General'
/** Formats every workbook knows by number. */
const BUILT_IN: Record<string, number> = { [GENERAL]: 0, [TEXT]: 49 }
const FIRST_OWN_FORMAT = 164

const FONTS = [
  '<font><sz val="11"/><color rgb="FF17202A"/><name val="Calibri"/><family val="2"/></font>',
  '<font><b/><sz val="11"/><color rgb="FF17202A"/><name val="Calibri"/><family val="2"/></font>',
  '<font><b/><sz val="18"/><color rgb="FF17202A"/><name val="Calibri"/><family val="2"/></font>',
  '<font><b/><sz val="14"/><color rgb="FF0B4F8A"/><name val="Calibri"/><family val="2"/></font>',
  '<font><sz val="11"/><color rgb="FF55606B"/><name val="Calibri"/><family val="2"/></font>',
  '<font><u/><sz val="11"/><color rgb="FF0B4F8A"/><name val="Calibri"/><family val="2"/></font>',
  '<font><b/><sz val="11"/><color rgb="FF11683F"/><name val="Calibri"/><family val="2"/></font>',
  '<font><b/><sz val="11"/><color rgb="FFA8231A"/><name val="Calibri"/><family val="2"/></font>',
]
const FILLS = [
  '<fill><patternFill patternType="none"/></fill>',
  '<fill><patternFill patternType="gray125"/></fill>',
  solid('FFEEF2F6'),
  solid('FFFFF2D6'),
]
const EDGE = '<color rgb="FF2B3742"/>'
const BORDERS = [
  '<border><left/><right/><top/><bottom/><diagonal/></border>',
  `<border><left/><right/><top/><bottom style="thin">${EDGE}</bottom><diagonal/></border>`,
  `<border><left/><right/><top style="thin">${EDGE}</top><bottom/><diagonal/></border>`,
]

type Shape = { font: number; fill?: number; border?: number; align?: string }

const SHAPES: Record<Look, Shape> = {
  plain: { font: 0, align: 'vertical="top"' },
  wrapped: { font: 0, align: 'vertical="top" wrapText="1"' },
  name: { font: 0, align: 'vertical="top"' },
  // Words to the right of a number keep their distance from it.
  beside: { font: 0, align: 'horizontal="left" vertical="top" indent="1"' },
  title: { font: 2 },
  heading: { font: 3 },
  subheading: { font: 1 },
  label: { font: 4, align: 'vertical="top"' },
  head: { font: 1, fill: 2, border: 1, align: 'vertical="bottom" wrapText="1"' },
  'head-number': { font: 1, fill: 2, border: 1, align: 'horizontal="right" vertical="bottom" wrapText="1"' },
  'head-beside': { font: 1, fill: 2, border: 1, align: 'horizontal="left" vertical="bottom" indent="1" wrapText="1"' },
  total: { font: 1, border: 2 },
  note: { font: 4, align: 'vertical="top" wrapText="1"' },
  warning: { font: 0, fill: 3, align: 'vertical="top" wrapText="1"' },
  link: { font: 5 },
  good: { font: 6, align: 'horizontal="left" vertical="top" indent="1"' },
  bad: { font: 7, align: 'horizontal="left" vertical="top" indent="1"' },
}

export function createStyles(meta: Pick<DocumentMeta, 'locale' | 'currency'>): Styles {
  const codes = new Map<string, number>()
  const styles = new Map<string, number>()
  const formatId = (code: string) => {
    const known = BUILT_IN[code] ?? codes.get(code)
    if (known !== undefined) return known
    codes.set(code, FIRST_OWN_FORMAT + codes.size)
    return FIRST_OWN_FORMAT + codes.size - 1
  }
  const indexOf = (xml: string) => {
    const index = styles.get(xml) ?? styles.size
    styles.set(xml, index)
    return index
  }
  const of = (look: Look, format?: Format) =>
    indexOf(styleXml(SHAPES[look], formatId(format === undefined ? GENERAL : formatCode(format, meta)), format?.type))
  of('plain')
  return {
    of,
    ofChange: (unit, digits) => indexOf(styleXml(SHAPES.plain, formatId(changeCode(unit, digits)), 'percent')),
    ofDifference: (format) =>
      indexOf(styleXml(SHAPES.plain, formatId(signedCode(formatCode(format, meta))), format.type)),
    xml: () => stylesXml([...codes], [...styles.keys()]),
  }
}

/**
 * How a spreadsheet shows a format. Codes are written the American way in every workbook; each reader's own program
 * puts its separators in. Currencies keep the sign and place that the document's locale gives them.
 */
function formatCode(format: Format, meta: Pick<DocumentMeta, 'locale' | 'currency'>): string {
  switch (format.type) {
    case 'text':
      return TEXT
    case 'integer':
      return '#,##0'
    case 'decimal':
      return digits('#,##0', digitsOf(format))
    case 'percent':
      return `${digits('0', digitsOf(format))}%`
    case 'money':
      return moneyCode(currencyOf(format, meta.currency), meta.locale)
    case 'date':
      return 'yyyy-mm-dd'
    case 'datetime':
      return 'yyyy-mm-dd hh:mm:ss'
    case 'duration':
      return '[h]:mm:ss'
  }
}

function signedCode(code: string): string {
  const [positive = '', negative = `-${positive}`] = code.split(';')
  return `+${positive};${negative};${positive}`
}

function changeCode(unit: '%' | ' points', count: number): string {
  const number = digits('0', count) + (unit === '%' ? '%' : `"${unit}"`)
  return `+${number};-${number};${number}`
}

function moneyCode(currency: string, locale: string): string {
  const amount = digits('#,##0', currencyExponent(currency))
  const parts = new Intl.NumberFormat(locale, { style: 'currency', currency, numberingSystem: 'latn' })
  const codeOf = (value: number) => {
    let numbered = false
    const written = parts.formatToParts(value).map((part) => {
      if (part.type === 'currency') return `[$${part.value}]`
      if (part.type === 'minusSign') return '-'
      if (part.type === 'literal') return `"${part.value.replace(/["\u200e\u200f]/g, '')}"`
      if (numbered) return ''
      numbered = true
      return amount
    })
    return written.join('').replaceAll('""', '')
  }
  return `${codeOf(1)};${codeOf(-1)}`
}

function digits(whole: string, count: number): string {
  return count === 0 ? whole : `${whole}.${'0'.repeat(count)}`
}

function styleXml(
  { font, fill = 0, border = 0, align = '' }: Shape,
  formatId: number,
  type: ValueType | undefined,
): string {
  const attributes = align.includes('horizontal') ? align : `${align}${sideOf(type)}`
  const alignment = attributes === '' ? '' : `<alignment ${attributes.trim()}/>`
  return `<xf numFmtId="${formatId}" fontId="${font}" fillId="${fill}" borderId="${border}" xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">${alignment}</xf>`
}

/** Numbers to the right; days and instants, which spreadsheets keep as numbers, to the left like the words of a row. */
function sideOf(type: ValueType | undefined): string {
  if (type === undefined || type === 'text') return ''
  return isNumeric(type) ? ' horizontal="right"' : ' horizontal="left"'
}

function stylesXml(codes: [string, number][], styles: string[]): string {
  const formats = codes.map(([code, id]) => `<numFmt numFmtId="${id}" formatCode="${escapeXml(code)}"/>`)
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">${list('numFmts', formats)}${list('fonts', FONTS)}${list('fills', FILLS)}${list('borders', BORDERS)}<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>${list('cellXfs', styles)}<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
}

function list(name: string, items: string[]): string {
  return items.length === 0 ? '' : `<${name} count="${items.length}">${items.join('')}</${name}>`
}

function solid(colour: string): string {
  return `<fill><patternFill patternType="solid"><fgColor rgb="${colour}"/><bgColor indexed="64"/></patternFill></fill>`
}
