import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { openApiDocument } from '../../../src/board/docs/openapi.ts'
import { apiDocs } from '../../../src/board/docs/pages.ts'
import { endpoints } from '../../../src/board/endpoints/index.ts'
import { PROBLEMS } from '../../../src/board/http/problem.ts'
import { openTestBoard } from '../../support/test-board.ts'

const board = await openTestBoard()

test('the document is OpenAPI 3.1, and every reference in it leads somewhere', async () => {
  const validator = new Validator()
  expect(await validator.validate(structuredClone(openApiDocument()))).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
  const document = openApiDocument()
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  )
  expect(new Set(references)).toEqual(new Set(Object.keys(document.components.schemas)))
})

test('it lists every endpoint once, and is served to everybody', async () => {
  const served = await (await fetch(`${board.url}/openapi.json`)).json()
  expect(served).toEqual(JSON.parse(JSON.stringify(openApiDocument('0.0.0-test'))))
  const listed = Object.entries(openApiDocument().paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  const declared = endpoints.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  expect(listed.sort()).toEqual(declared.sort())
})

test('the pages of the API can be read without signing in, and explain every problem', async () => {
  const docs = await (await fetch(`${board.url}/docs`)).text()
  for (const { path } of endpoints) expect(docs).toContain(path.replaceAll(/:(\w+)/g, '{$1}'))
  const problems = await (await fetch(`${board.url}/docs/problems`)).text()
  for (const code of Object.keys(PROBLEMS)) expect(problems).toContain(`<tr id="${code}">`)
})

test('what every visitor of the documentation gets is made once, not for each of them', () => {
  expect(apiDocs('0.0.0-test')).toBe(apiDocs('0.0.0-test'))
})
