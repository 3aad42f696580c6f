import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { requestErasure } from '../../jobs/request-erasure.ts'
import { countCustomerRows, type Erasure, readErasure } from '../../privacy/index.ts'
import { OPERATOR } from '../operator.ts'
import { printTable } from '../print.ts'
import { workUntilDone } from '../work-until-done.ts'
import { recordCommand } from './command-record.ts'
import type { CommandTools } from './command-tools.ts'
import { requireClient } from './require-client.ts'

type EraseOptions = { client: string; customer: string; yes?: boolean }

export function eraseCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('erase')
    .description('Erase one customer everywhere and prove it; roll-ups stay. Without --yes it only counts.')
    .requiredOption('--client <id>', 'the client whose customer it is')
    .requiredOption('--customer <id>', 'the id of the customer')
    .option('--yes', 'do it: this cannot be taken back')
    .action((options: EraseOptions) => (options.yes === true ? erase(tools, options) : count(tools, options)))
}

async function count(tools: CommandTools, { client: clientId, customer: customerId }: EraseOptions): Promise<void> {
  const { db, close } = await tools.openDatabase()
  try {
    await requireClient(db.system, clientId)
    const rows = Object.entries(await countCustomerRows(db, { clientId, customerId }))
    if (rows.length === 0) return tools.print(`Nothing of ${clientId} names a customer of this id.`)
    printTable([['table', 'rows'], ...rows.map(([table, number]) => [table, String(number)])])
    tools.print('Nothing was changed. With --yes a pseudonym takes the place of the id, and names and free text go.')
  } finally {
    await close()
  }
}

async function erase(tools: CommandTools, { client: clientId, customer: customerId }: EraseOptions): Promise<void> {
  const program = await tools.openProgram()
  const { database, engine } = program
  try {
    await requireClient(database.system, clientId)
    const intent = { action: 'erase-customer', target: `client:${clientId}`, clientId }
    const { erasureId, runId } = await recordCommand(database.system, tools, intent, async () => {
      const asked = { origin: 'person', requestedBy: OPERATOR } as const
      const parts = { database, ledger: engine.ledger }
      const { erasureId, runId, rows } = await requestErasure(parts, { clientId, customerId }, asked)
      const audit = { ...intent, target: `erasure:${erasureId}`, before: null, after: { rows } }
      return { erasureId, runId, audit }
    })
    tools.print(`Erasure ${erasureId} is on record; run ${runId} does it.`)
    await workUntilDone(program, { runIds: [runId] }, { signal: tools.signal })
    const erasure = await readErasure(database.forClient(clientId), clientId, erasureId)
    if (erasure?.finishedAt == null)
      throw new InputError(
        'erasure-open',
        `Erasure ${erasureId} is not finished yet: see run ${runId}. It goes on by itself.`,
      )
    sayWhatWasDone(tools, erasure)
  } finally {
    await program.close()
  }
}

function sayWhatWasDone({ print }: CommandTools, { rowCounts, verificationCount, files }: Erasure): void {
  printTable([['table', 'rows'], ...Object.entries(rowCounts).map(([table, number]) => [table, String(number)])])
  print(`Searched afterwards: the id was found ${verificationCount} times.`)
  print(
    `Deleted: ${files?.reports.deleted.length ?? 0} reports, ${files?.imports.deleted.length ?? 0} uploaded files that named the customer.`,
  )
  const unread = [...(files?.reports.unread ?? []), ...(files?.imports.unread ?? [])]
  if (unread.length > 0) print(`May name the customer, look yourself: ${unread.join(', ')}`)
}
