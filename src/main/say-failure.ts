import { type Command, CommanderError } from 'commander'
import { DatabaseAwayError, InputError, messageOf, PermanentError } from '../errors.ts'

const INTERRUPTED = 130
/** Errors wrapped in errors are looked through this far. */
const CAUSES_MAX = 5
/**
 * PostgreSQL's codes that are about the server and its rights, not our queries: connection, sign-in, database, rights,
 * disk, shutdown.
 */
const SERVER_TROUBLE = /^(08|28|3D|42501|53|57)/

/**
 * Says on standard error why the program ends, in one line where the reason is one that a person can fix, and returns
 * the exit code. Anything else is a mistake of ours and is thrown, with where it happened.
 */
export function sayFailure(error: unknown, program: Command, words: readonly string[]): number {
  if (error instanceof CommanderError) {
    // Help that was asked for, or that stands in for a missing command, is printed by now.
    if (/^commander\.(help|helpDisplayed|version)$/.test(error.code)) return error.exitCode
    say(`${error.message.replace(/^error: |\.$/g, '')}. ${helpFor(program, words)} explains.`)
    return 1
  }
  if (!isMendable(error)) throw error
  say(messageOf(error) || codeOf(error))
  return error instanceof InputError && error.code === 'interrupted' ? INTERRUPTED : 1
}

function say(text: string): void {
  process.stderr.write(`daybreak: ${text.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`)
}

/** How to ask for help on the command that the words name. */
function helpFor(program: Command, words: readonly string[]): string {
  let command = program
  let path = program.name()
  for (const word of words) {
    const named = command.commands.find((each) => each.name() === word)
    if (!named) break
    command = named
    path += ` ${word}`
  }
  return `${path} --help`
}

function isMendable(error: unknown): boolean {
  let each = error
  for (let depth = 0; depth < CAUSES_MAX && each instanceof Error; depth += 1) {
    if (each instanceof InputError || each instanceof PermanentError || each instanceof DatabaseAwayError) return true
    if ('syscall' in each || SERVER_TROUBLE.test(codeOf(each))) return true
    each = each.cause
  }
  return false
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
