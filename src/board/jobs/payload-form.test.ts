import { expect, test } from 'vitest'
import { z } from 'zod'
import { payloadFields, payloadOf } from './payload-form.ts'

const schema = z.toJSONSchema(
  z.strictObject({
    clientId: z.string(),
    from: z.iso.date(),
    formats: z.array(z.enum(['pdf', 'xlsx'])),
    tries: z.int().optional(),
    request: z.string().max(100).nullable(),
    more: z.union([z.string(), z.number()]).nullable(),
  }),
)
const filled = { clientId: 'acme', from: '2026-10-01', formats: '["pdf"]', request: '', more: '' }

test('a field that may be null and is left empty is null; another that is left empty is not there', () => {
  expect(payloadOf(schema, { ...filled, tries: '' })).toEqual({
    clientId: 'acme',
    from: '2026-10-01',
    formats: ['pdf'],
    request: null,
    more: null,
  })
})

test('text is taken as it is, and as JSON only where a field may be of several types', () => {
  expect(payloadOf(schema, { ...filled, tries: '3', request: 'null', more: '7' })).toMatchObject({
    tries: 3,
    request: 'null',
    more: 7,
  })
})

test('a list of choices begins with all of them, and only what must be filled in is required', () => {
  const { markup } = payloadFields(schema, 'work', [])
  expect(markup).toContain('>[&quot;pdf&quot;,&quot;xlsx&quot;]</textarea>')
  const required = [...markup.matchAll(/name="(\w+)"[^>]* required/g)].map(([, name]) => name)
  expect(required).toEqual(['clientId', 'from', 'formats'])
})
