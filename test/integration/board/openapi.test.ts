import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { docsOf, openApiDocument } from '../../../src/board/docs/index.ts'
import { endpoints } from '../../../src/board/features.ts'
import { CODES } from '../../../src/codes/index.ts'
import { openTestBoard } from '../../support/test-board.ts'

const board = await openTestBoard()

test('the document is OpenAPI 3.1, and every reference in it leads somewhere', async () => {
  const validator = new Validator()
  expect(await validator.validate(structuredClone(openApiDocument(endpoints, '0.1.0')))).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
  const document = openApiDocument(endpoints, '0.1.0')
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  )
  expect(new Set(references)).toEqual(new Set(Object.keys(document.components.schemas)))
})

test('it lists every endpoint once, and is served to everybody', async () => {
  const served = await (await fetch(`${board.url}/openapi.json`)).json()
  expect(served).toEqual(JSON.parse(JSON.stringify(openApiDocument(endpoints, '0.0.0-test'))))
  const listed = Object.entries(openApiDocument(endpoints, '0.1.0').paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  const declared = endpoints.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
  expect(listed.sort()).toEqual(declared.sort())
})

test('the pages of the API can be read without signing in, and explain every problem', async () => {
  const docs = await (await fetch(`${board.url}/docs`)).text()
  for (const { path } of endpoints) expect(docs).toContain(path.replaceAll(/:(\w+)/g, '{$1}'))
  const problems = await (await fetch(`${board.url}/docs/problems`)).text()
  for (const code of Object.keys(CODES)) expect(problems).toContain(`<tr id="${code}">`)
})

test('what every visitor of the documentation gets is made once, not for each of them', async () => {
  let readings = 0
  const watched = new Proxy([...endpoints], {
    get(list, property, receiver) {
      if (property === Symbol.iterator) readings += 1
      return Reflect.get(list, property, receiver)
    },
  })
  const route = docsOf(watched).pages.find(({ path }) => path === '/openapi.json')
  const sent: unknown[] = []
  const response = { type: () => response, send: (body: unknown) => sent.push(body) }
  const context = { board: { version: '0.0.0-test' } }
  for (let visitor = 0; visitor < 3; visitor += 1) {
    await route?.answer(context as never, {} as never, response as never)
  }
  expect({ readings, answers: new Set(sent).size, visitors: sent.length }).toEqual({
    readings: 1,
    answers: 1,
    visitors: 3,
  })
})
