/** Every code of an error, once: its type, what it means, what to do about it, and what HTTP answers with. */

import { analyticsCodes } from './analytics.ts'
import { boardCodes } from './board.ts'
import type { CodeWords } from './code-words.ts'
import { commandCodes } from './command-line.ts'
import { ingestCodes } from './ingest.ts'
import { machineCodes } from './machine.ts'
import { peopleCodes } from './people.ts'
import { queueCodes } from './queues.ts'
import { reportCodes } from './reports.ts'

const ALL = {
  ...boardCodes,
  ...peopleCodes,
  ...queueCodes,
  ...analyticsCodes,
  ...ingestCodes,
  ...reportCodes,
  ...machineCodes,
  ...commandCodes,
}

export type Code = keyof typeof ALL

/** Those that HTTP answers with. */
export type HttpCode = { [Each in Code]: (typeof ALL)[Each]['status'] extends number ? Each : never }[Code]

export const CODES: Readonly<Record<Code, CodeWords>> = ALL

export function isHttpCode(code: Code): code is HttpCode {
  return ALL[code].status !== null
}

/** What HTTP answers with where the code comes up in the usual place. */
export function statusOf(code: HttpCode): number {
  return ALL[code].status
}

/** What to do about a run that failed, by the code on record, which may be of an older version. */
export function adviceOf(code: string | null): { advice: string; runbook?: string | null } {
  const { advice, runbook }: CodeWords = code !== null && Object.hasOwn(ALL, code) ? ALL[code as Code] : ALL.error
  if (advice === undefined) return { advice: ALL.error.advice }
  return runbook === undefined ? { advice } : { advice, runbook }
}
