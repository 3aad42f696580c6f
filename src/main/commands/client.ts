import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { writeAudit } from '../../people/audit.ts'
import { isTimeZone } from '../../time.ts'
import type { CommandTools } from './command-tools.ts'
import { operator } from './user.ts'

type ClientOptions = { name: string; zone: string; currency: string; locale: string }

export function clientCommand(parent: Command, tools: CommandTools): void {
  const client = parent.command('client').description('Clients: the businesses whose days are added up.')
  client
    .command('add')
    .description('Add a client.')
    .argument('<id>', 'lower-case letters, digits and hyphens')
    .requiredOption('--name <name>', 'name, as it stands on reports')
    .requiredOption('--zone <zone>', 'IANA time zone, such as Europe/London')
    .requiredOption('--currency <code>', 'ISO 4217 code, such as GBP')
    .option('--locale <tag>', 'BCP 47 tag for numbers and dates', 'en-GB')
    .action((id: string, options: ClientOptions) => addClient(tools, id, options))
  client
    .command('list')
    .description('List the clients.')
    .action(() => listClients(tools))
}

async function addClient(
  tools: CommandTools,
  id: string,
  { name, zone, currency, locale }: ClientOptions,
): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id))
    throw new InputError('client-id', `"${id}" is no client id: use lower-case letters, digits and hyphens.`)
  if (name.trim() === '') throw new InputError('client-name', 'A client needs a name; it stands on reports.')
  if (!isTimeZone(zone)) throw new InputError('time-zone', `"${zone}" is no IANA time zone, such as Europe/London.`)
  if (!Intl.supportedValuesOf('currency').includes(currency))
    throw new InputError('currency', `"${currency}" is no ISO 4217 currency code, such as EUR.`)
  if (!isLocale(locale)) throw new InputError('locale', `"${locale}" is no BCP 47 tag, such as de-CH.`)
  const { db, close } = await tools.openDatabase()
  try {
    const after = { name, timeZone: zone, currency, locale }
    const entry = { action: 'create-client', target: `client:${id}`, clientId: id, before: null, after }
    await db.system.transaction().execute(async (transaction) => {
      const added = await transaction
        .insertInto('clients')
        .values({ id, name, time_zone: zone, currency, locale })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .execute()
      if (added.length === 0) throw new InputError('client-exists', `There is a client "${id}" already.`)
      await writeAudit(transaction, operator, entry)
    })
    tools.print(`Added client ${id} (${name}, ${zone}, ${currency}). Its first night is the next one.`)
  } finally {
    await close()
  }
}

function isLocale(tag: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag).length > 0
  } catch {
    // Intl says no by throwing.
    return false
  }
}

async function listClients(tools: CommandTools): Promise<void> {
  const { db, close } = await tools.openDatabase()
  try {
    for (const row of await db.system.selectFrom('clients').selectAll().orderBy('id').execute()) {
      tools.print(`${row.id}  ${row.name}  ${row.time_zone}  ${row.currency}`)
    }
  } finally {
    await close()
  }
}
