import { afterAll, expect } from 'vitest'
import { type Ended, makeDataFolder, runDaybreak, type Settings } from './program.ts'
import { createTestDatabase } from './test-database.ts'

const { database, url } = await createTestDatabase()
export const db = database.system
export { url }
export const data = await makeDataFolder()
afterAll(() => data.remove())

/** Runs a command against the database of this file's tests. */
export function daybreak(words: string[], settings: Settings = {}): Promise<Ended> {
  return runDaybreak(words, { DATABASE_URL: url, DATA_DIR: data.path, ...settings })
}

/** Runs a command that must go well, and returns what it printed, line by line. */
export async function lines(...words: string[]): Promise<string[]> {
  const { code, out, err } = await daybreak(words)
  expect({ code, err }, `daybreak ${words.join(' ')} printed ${out}`).toEqual({ code: 0, err: '' })
  return out.trimEnd().split('\n')
}
