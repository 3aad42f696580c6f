import { expect, test } from 'vitest'
import { z } from 'zod'
import { payloadSchema } from '../endpoints/jobs.ts'
import { payloadFields, payloadOf } from './payload-form.ts'

const schema = payloadSchema(
  z.strictObject({
    clientId: z.string(),
    report: z.enum(['performance', 'monthly-revenue']),
    from: z.iso.date(),
    formats: z.array(z.enum(['pdf', 'csv'])),
    subscriptionId: z.string().nullable(),
    count: z.int().default(3),
    force: z.boolean().optional(),
  }),
)

test('each kind of field gets an input a person can fill in', () => {
  const { markup } = payloadFields(schema, 'render-report', [{ value: 'acme', label: 'Acme & Co' }])
  const inputs = [...markup.matchAll(/<(select|input|textarea)([^>]*) name="(\w+)"([^>]*)>/g)].map(
    ([, tag, before, name, after]) => `${tag}${before} ${name}${after}`.trim(),
  )
  expect(inputs).toEqual([
    'select clientId required',
    'select report required',
    'input type="date" from required',
    'textarea formats rows="2" spellcheck="false" placeholder="[&quot;pdf&quot;,&quot;csv&quot;]" required',
    'textarea subscriptionId rows="2" spellcheck="false" placeholder="JSON" required',
    'input type="number" step="any" count',
    'select force',
    'input type="hidden" job value="render-report"',
  ])
  expect(markup).toContain('<option value="acme">Acme &amp; Co</option>')
})

test('a filled-in form is a payload with the types its job expects; what is left empty is left out', () => {
  const fields = {
    clientId: 'acme',
    from: '2026-03-01',
    formats: '["pdf"]',
    subscriptionId: 'null',
    count: '7',
    force: 'true',
    report: '',
  }
  expect(payloadOf(schema, fields)).toEqual({
    clientId: 'acme',
    from: '2026-03-01',
    formats: ['pdf'],
    subscriptionId: null,
    count: 7,
    force: true,
  })
})

test('a field that must be JSON and is not is named', () => {
  expect(() => payloadOf(schema, { formats: 'pdf' })).toThrow('Formats: This must be JSON, such as ["pdf"] or null.')
})
