import { configurationPage } from './configuration-page.ts'

export type GeneratedDoc = { path: string; render(): string }

/** Pages that are made from the code. test/tidy.test.ts fails when a committed one differs from what it would be now. */
export const generatedDocs: GeneratedDoc[] = [{ path: 'docs/configuration.md', render: configurationPage }]
