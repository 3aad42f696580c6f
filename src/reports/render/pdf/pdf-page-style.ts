import { FONT_STACK } from '../html/fonts.ts'

/**
 * Paper: A4, sections of class `landscape` on their side, a running head from the second page on, a foot with "n / N".
 * Margin boxes are set in the page's own fonts, which Chromium's header and footer templates cannot reach.
 */
export function pageStyle({ headerText, footerText }: { headerText: string; footerText: string }): string {
  const box = `font:400 7pt/1.3 ${FONT_STACK};color:#5b6670;white-space:nowrap;overflow:hidden;text-overflow:ellipsis`
  return `
@page{size:A4;margin:19mm 15mm 17mm;
@top-left{content:${cssString(headerText)};${box}}
@bottom-left{content:${cssString(footerText)};${box}}
@bottom-right{content:counter(page) " / " counter(pages);${box}}}
@page:first{margin-top:14mm;@top-left{content:none}}
@page landscape{size:A4 landscape}
.landscape{page:landscape}
`
}

/** Text as a CSS string that neither ends the string nor the style element. */
function cssString(text: string): string {
  return `"${text.toWellFormed().replace(/["\\<>&\p{Cc}]/gu, (character) => `\\${character.charCodeAt(0).toString(16)} `)}"`
}
