/** Text that is HTML already. Only `html` and `raw` make it, so whatever else reaches a page is escaped. */
export type Html = { readonly markup: string }

export type Renderable = Html | string | number | null | undefined | false | readonly Renderable[]

/** Builds HTML; what is put in is escaped unless it is Html. null, undefined and false are nothing. */
export function html(strings: TemplateStringsArray, ...values: Renderable[]): Html {
  return { markup: String.raw({ raw: strings }, ...values.map(render)) }
}

/** Marks text as HTML. Never for text that somebody else wrote. */
export function raw(markup: string): Html {
  return { markup }
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => ENTITIES[mark] ?? mark)
}

function render(value: Renderable): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if ('markup' in value) return value.markup
  return value.map(render).join('')
}
