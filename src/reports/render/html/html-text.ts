import { escapeHtml } from '../../../escape-html.ts'

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/

/** The direction attribute a text needs: none, unless it holds letters that run from right to left. */
export function directionAttribute(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? ' dir="auto"' : ''
}

/** An element around plain text, escaped, with the direction its text asks for. */
export function textElement(tag: string, text: string, attributes = ''): string {
  return `<${tag}${attributes}${directionAttribute(text)}>${escapeHtml(text)}</${tag}>`
}
