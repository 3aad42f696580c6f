import { type Changed, type Intent, onRecord } from '../../board/on-record.ts'
import type { SystemDatabase } from '../../db/database.ts'
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
  return onRecord({ db, actor: operator, warn }, intent, work)
}
