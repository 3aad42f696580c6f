import { type Html, html, raw } from '../../../html.ts'

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/
const BY_ITS_LETTERS = html` dir="auto"`

/** The direction attribute a text needs: none, unless it holds letters that run from right to left. */
export function directionAttribute(text: string): Html | null {
  return RIGHT_TO_LEFT.test(text) ? BY_ITS_LETTERS : null
}

type Tag = 'p' | 'span' | 'th' | 'h1' | 'h2' | 'h3' | 'h4'

/** An element around plain text, with the direction its text asks for. */
export function textElement(tag: Tag, text: string, attributes: Html | null = null): Html {
  const name = raw(tag)
  return html`<${name}${attributes}${directionAttribute(text)}>${text}</${name}>`
}
