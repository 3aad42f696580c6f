import { describe, expect, test } from 'vitest'
import { codeRules } from './support/tidy/code-rules.ts'
import { commandRules } from './support/tidy/command-rules.ts'
import { documentRules } from './support/tidy/document-rules.ts'
import { importRules } from './support/tidy/import-rules.ts'
import { openProject, readFiles } from './support/tidy/rule.ts'

const project = openProject(readFiles())

describe.each([...importRules, ...codeRules, ...documentRules, ...commandRules])('$name', ({ check, broken }) => {
  test('here', async () => {
    expect(await check(project)).toEqual([])
  })

  test('it would be noticed', async () => {
    expect(await check(openProject(broken.files))).toEqual(broken.finds)
  })
})
