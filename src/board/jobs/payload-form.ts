import { z } from 'zod'
import { type Html, html } from '../../html.ts'
import { HttpError } from '../http/problem.ts'
import { titleOf } from '../ui/format.ts'

/** The part of JSON Schema that a payload's fields are made of; anything else is written as JSON. */
const field = z.looseObject({
  type: z.unknown().optional(),
  anyOf: z.array(z.looseObject({ type: z.unknown().optional() })).optional(),
  format: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  items: z.looseObject({ enum: z.array(z.string()).optional() }).optional(),
})
const schemaShape = z.looseObject({
  properties: z.record(z.string(), field).default({}),
  required: z.array(z.string()).default([]),
})
type Field = z.output<typeof field>
type Option = { value: string; label: string }

/** The types a field may have; `null` among them means that it may stay empty. */
function typesOf({ type, anyOf }: Field): unknown[] {
  return anyOf === undefined ? [type].flat() : anyOf.flatMap((each) => [each.type].flat())
}

function isNullable(each: Field): boolean {
  return typesOf(each).includes('null')
}

/** What kind of input a field takes. */
function kindOf(name: string, each: Field): 'client' | 'choice' | 'day' | 'number' | 'switch' | 'text' | 'json' {
  const { format, enum: values } = each
  const [type, ...others] = typesOf(each).filter((type) => type !== 'null')
  if (name === 'clientId') return 'client'
  if (values !== undefined) return 'choice'
  if (others.length > 0) return 'json'
  if (type === 'string') return format === 'date' ? 'day' : 'text'
  if (type === 'integer' || type === 'number') return 'number'
  return type === 'boolean' ? 'switch' : 'json'
}

/** Inputs for a payload, from its JSON Schema. */
export function payloadFields(schema: unknown, job: string, clients: readonly Option[]): Html {
  const { properties, required } = schemaShape.parse(schema)
  return html`${Object.entries(properties).map(([name, each]) => {
    const needed = required.includes(name) && each.default === undefined && !isNullable(each)
    return html`<label>${labelOf(name)}${!needed && html` <span class="quiet">optional</span>`}${inputFor(name, each, needed, clients)}${
      each.description !== undefined && html`<span class="quiet">${each.description}</span>`
    }</label>`
  })}<input type="hidden" name="job" value="${job}">`
}

function labelOf(name: string): string {
  return titleOf(name.replace(/Id$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
}

function inputFor(name: string, each: Field, needed: boolean, clients: readonly Option[]): Html {
  const required = needed && html` required`
  const options = (values: readonly Option[]) =>
    html`<select name="${name}"${required}>${!needed && html`<option value=""></option>`}${values.map(({ value, label }) => html`<option value="${value}">${label}</option>`)}</select>`
  switch (kindOf(name, each)) {
    case 'client':
      return options(clients)
    case 'choice':
      return options((each.enum ?? []).map((value) => ({ value: String(value), label: titleOf(String(value)) })))
    case 'day':
      return html`<input type="date" name="${name}"${required}>`
    case 'number':
      return html`<input type="number" step="any" name="${name}"${required}>`
    case 'switch':
      return options([
        { value: 'true', label: 'Yes' },
        { value: 'false', label: 'No' },
      ])
    case 'json':
      return html`<textarea name="${name}" rows="2" spellcheck="false" placeholder="JSON"${required}>${everyItem(each)}</textarea>`
    default:
      return html`<input type="text" name="${name}"${required}>`
  }
}

/** A list of choices begins with all of them: taking out is easier than finding out. */
function everyItem({ items }: Field): string {
  return items?.enum === undefined ? '' : JSON.stringify(items.enum)
}

/** The payload of a filled-in form. Throws HttpError when a field that is JSON is not. */
export function payloadOf(schema: unknown, fields: Record<string, string>): Record<string, unknown> {
  const { properties } = schemaShape.parse(schema)
  const given = Object.entries(properties).flatMap(([name, each]) => {
    const text = fields[name] ?? ''
    if (text !== '') return [[name, valueOf(name, each, text)]]
    return isNullable(each) ? [[name, null]] : []
  })
  return Object.fromEntries(given)
}

function valueOf(name: string, each: Field, text: string): unknown {
  switch (kindOf(name, each)) {
    case 'number':
      return Number(text)
    case 'switch':
      return text === 'true'
    case 'json':
      return parseJson(name, text)
    default:
      return text
  }
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const detail = 'This must be JSON, such as ["pdf"] or null.'
    const errors = [{ in: 'body' as const, pointer: `/${name}`, detail }]
    throw new HttpError('invalid-body', `${labelOf(name)}: ${detail}`, { errors, cause: error })
  }
}
