import { failureOf } from '../../board/http/record-write.ts'
import type { SystemDatabase } from '../../db/database.ts'
import { type Changed, type Intent, onRecord } from '../../people/on-record.ts'
import type { CommandTools } from './command-tools.ts'
import { operator } from './user.ts'

/** Makes a change that somebody types, on record before it begins. */
export function recordCommand<Done extends Changed>(
  db: SystemDatabase,
  { print }: Pick<CommandTools, 'print'>,
  intent: Intent,
  work: () => Promise<Done>,
): Promise<Done> {
  const warn = (line: string) => print(`Not all is on record: ${line}.`)
  return onRecord({ db, actor: operator, failureOf, warn }, intent, work)
}
