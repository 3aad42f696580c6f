import { type Html, html } from '../../../html.ts'

/**
 * Signs drawn rather than written, so that no font has to have them. They never stand alone: a word always says the
 * same.
 */
const PATHS = {
  up: 'M6 2.2 10.6 9.8H1.4Z',
  down: 'M6 9.8 1.4 2.2h9.2Z',
  same: 'M1.5 4.9h9v2.2h-9Z',
  yes: 'M4.7 10.1 1 6.4 2.4 5l2.3 2.3L9.6 2.4 11 3.8Z',
  no: 'M2.4 1 6 4.6 9.6 1 11 2.4 7.4 6 11 9.6 9.6 11 6 7.4 2.4 11 1 9.6 4.6 6 1 2.4Z',
  info: 'M6 .5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM5.2 5.2v3.9h1.6V5.2Zm0-2.4v1.5h1.6V2.8Z',
  warning: 'M6 .6 11.8 11.2H.2ZM5.3 4.3v3.6h1.4V4.3Zm0 4.5v1.4h1.4V8.8Z',
}

export type Icon = keyof typeof PATHS

export function icon(name: Icon): Html {
  return html`<svg class="icon" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false"><path fill-rule="evenodd" d="${PATHS[name]}"/></svg>`
}
