import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { createKey, type KeyRole, listKeys, revokeKey } from '../../people/people.ts'
import { printTable } from '../print.ts'
import type { CommandTools } from './command-tools.ts'
import { operator, withDatabase } from './user.ts'

const ROLES: readonly KeyRole[] = ['admin', 'operator', 'viewer', 'ingest']

export function keyCommand(parent: Command, tools: CommandTools): void {
  const key = parent.command('key').description('API keys of programs.')
  key
    .command('add')
    .description('Make a key; prints it once.')
    .argument('<name>', 'what it is for')
    .requiredOption('--role <role>', ROLES.join(', '))
    .option('--client <id>', 'reaches this client only')
    .option('--days <days>', 'ends after this many days')
    .action(async (name: string, options: { role: string; client?: string; days?: string }) => {
      const expiresAt = options.days === undefined ? null : tools.clock().add({ hours: 24 * parseDays(options.days) })
      const made = await withDatabase(tools, (db) =>
        createKey(db, { name, role: parseRole(options.role), clientId: options.client ?? null, expiresAt }, operator),
      )
      tools.print(`Key "${name}" (${options.role}), shown this once: ${made.key}`)
    })
  key
    .command('list')
    .description('List the keys: what each is for, when it was last used and whether it still works.')
    .action(async () => {
      const rows = await withDatabase(tools, listKeys)
      const shown = rows.map((row) => [
        ...[row.prefix, row.name, row.role, row.clientId ?? 'all', row.lastUsedAt ?? 'never'],
        row.revokedAt === null ? `until ${row.expiresAt ?? 'revoked'}` : `revoked ${row.revokedAt}`,
      ])
      printTable([['prefix', 'name', 'role', 'client', 'last used', 'works'], ...shown])
    })
  key
    .command('revoke')
    .description('End a key at once.')
    .argument('<key>', 'its name, prefix or id')
    .action(async (name: string) => {
      await withDatabase(tools, (db) => revokeKey(db, name, operator))
      tools.print(`Key "${name}" is revoked.`)
    })
}

function parseRole(text: string): KeyRole {
  const role = ROLES.find((known) => known === text)
  if (role) return role
  throw new InputError('role', `There is no role "${text}". Roles: ${ROLES.join(', ')}.`)
}

function parseDays(text: string): number {
  const days = Number(text)
  if (Number.isInteger(days) && days > 0) return days
  throw new InputError('days', `--days takes a whole number above 0, not "${text}".`)
}
