import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { createUser, listUsers, setDisabled, setPassword, type UserRole, unlockUser } from '../../people/people.ts'
import { OPERATOR } from '../operator.ts'
import { printTable } from '../print.ts'
import type { CommandTools } from './command-tools.ts'

const ROLES: readonly UserRole[] = ['admin', 'operator', 'finance', 'supervisor', 'viewer']
const PASSWORD_BYTES = 12

export const operator = { kind: 'command-line', id: OPERATOR, name: OPERATOR, ip: null } as const

export function userCommand(parent: Command, tools: CommandTools): void {
  const user = parent.command('user').description('People who sign in to the board.')
  user
    .command('add')
    .description('Add a person; prints a fresh password once.')
    .argument('<email>')
    .requiredOption('--name <name>', 'name')
    .requiredOption('--role <role>', ROLES.join(', '))
    .option('--client <id>', 'sees this client only')
    .action(async (email: string, { name, role, client }: { name: string; role: string; client?: string }) => {
      const password = freshPassword()
      await withDatabase(tools, (db) =>
        createUser(db, { email, name, role: parseRole(role), clientId: client ?? null, password }, operator),
      )
      tools.print(`Added ${email} (${role}). Password, shown this once: ${password}`)
    })
  user
    .command('password')
    .description('Set a fresh password, print it once, and sign the person out everywhere.')
    .argument('<email>')
    .action(async (email: string) => {
      const password = freshPassword()
      await withDatabase(tools, (db) => setPassword(db, { email, password }, operator))
      tools.print(`Password of ${email}, shown this once: ${password}`)
    })
  accessCommands(user, tools)
}

/** Who may come in, and who no longer. */
function accessCommands(user: Command, tools: CommandTools): void {
  user
    .command('list')
    .description('List everybody.')
    .action(async () => {
      const rows = await withDatabase(tools, listUsers)
      const shown = rows.map((row) => [
        ...[row.email, row.name, row.role, row.clientId ?? 'all'],
        row.disabledAt === null ? 'may sign in' : `disabled ${row.disabledAt}`,
      ])
      printTable([['e-mail', 'name', 'role', 'client', 'state'], ...shown])
    })
  user
    .command('unlock')
    .description('Forget the failed sign-ins of a person, who may then try again from anywhere.')
    .argument('<email>')
    .action(async (email: string) => {
      await withDatabase(tools, (db) => unlockUser(db, email, operator))
      tools.print(`${email} may try again.`)
    })
  user
    .command('disable')
    .description('Shut a person out at once: their sessions end.')
    .argument('<email>')
    .action(async (email: string) => {
      await withDatabase(tools, (db) => setDisabled(db, { email, isDisabled: true }, operator))
      tools.print(`${email} is signed out and cannot sign in.`)
    })
  user
    .command('enable')
    .description('Let a person sign in again who was shut out; sessions that ended stay ended.')
    .argument('<email>')
    .action(async (email: string) => {
      await withDatabase(tools, (db) => setDisabled(db, { email, isDisabled: false }, operator))
      tools.print(`${email} may sign in.`)
    })
}

function freshPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url')
}

function parseRole(text: string): UserRole {
  const role = ROLES.find((known) => known === text)
  if (role) return role
  throw new InputError('role', `There is no role "${text}". Roles: ${ROLES.join(', ')}.`)
}

/** Opens the database for one piece of work and closes it again. */
export async function withDatabase<T>(
  tools: CommandTools,
  work: (db: Parameters<typeof createUser>[0]) => Promise<T>,
): Promise<T> {
  const { db, close } = await tools.openDatabase()
  try {
    return await work(db.system)
  } finally {
    await close()
  }
}
