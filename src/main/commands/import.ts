import { basename } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Database } from '../../db/database.ts'
import { InputError } from '../../errors.ts'
import {
  type DoneBefore,
  FileFault,
  FORMATS,
  type Format,
  ImportFailure,
  type ImportProgress,
  type ImportResult,
  importFile,
  kinds,
} from '../../ingest/index.ts'
import type { AuditEntry } from '../../people/audit.ts'
import { PartlyDoneError } from '../../people/on-record.ts'
import { printTable } from '../print.ts'
import { createProgress, type ProgressDisplay } from '../progress.ts'
import { recordCommand } from './command-record.ts'
import type { CommandTools } from './command-tools.ts'

type ImportFlags = {
  client: string
  map?: string
  format?: Format
  sheet?: string
  headerRow?: number
  dryRun?: true
  strict?: true
  rejects?: string
}

/** What a shell is told: every row was taken; some were rejected; nothing was imported. 130: stopped by Ctrl-C. */
const EXIT = { done: 0, failed: 1, someRejected: 2, interrupted: 130 } as const

export function importCommand(parent: Command, tools: CommandTools): void {
  parent
    .command('import')
    .description(
      'Bring facts in from a file: CSV, JSON Lines or XLSX. Importing the same file again changes nothing. See docs/import.md.',
    )
    .argument('<kind>', `what the rows are: ${kinds.map(({ name }) => name).join(', ')}`)
    .argument('<file>', 'CSV or XLSX with a header, or JSON Lines; CSV and JSON Lines also packed with gzip')
    .requiredOption('--client <id>', 'the client whose facts they are')
    .option(
      '--map <mapping>',
      'file of a mapping, or the name of one that ships (default: columns are named as the table’s)',
    )
    .addOption(new Option('--format <format>', 'default: told by the file itself').choices(FORMATS))
    .option('--sheet <sheet>', 'XLSX: name or number of the sheet (default: the first that is not hidden)')
    .option('--header-row <row>', 'XLSX: the row that names the columns (default: the first not empty)', parseRow)
    .option('--dry-run', 'do everything but the write')
    .option('--strict', 'keep nothing when any row is bad')
    .option('--rejects <file>', 'where rows that were not taken go (default: beside the file)')
    .action((kind: string, file: string, flags: ImportFlags) => runImport(tools, kind, file, flags))
}

function parseRow(text: string): number {
  const row = Number(text)
  if (Number.isInteger(row) && row > 0) return row
  throw new InvalidArgumentError('Rows are counted from 1.')
}

async function runImport(tools: CommandTools, kind: string, file: string, flags: ImportFlags): Promise<void> {
  const { db, close } = await tools.openDatabase()
  const display = createDisplay()
  try {
    const result = await importOnRecord(tools, db, { kind, file, flags, onProgress: display.show })
    display.stop()
    printResult(tools.print, file, flags, result)
    process.exitCode = exitCodeOf(result, flags)
  } catch (error) {
    const fault = error instanceof ImportFailure ? error.cause : error
    throw fault instanceof FileFault ? new InputError(fault.code, `${fault.message} ${fault.found}`) : error
  } finally {
    display.stop()
    await close()
  }
}

type Asked = { kind: string; file: string; flags: ImportFlags }

async function importOnRecord(
  tools: CommandTools,
  database: Database,
  { onProgress, ...asked }: Asked & { onProgress(progress: ImportProgress): void },
): Promise<ImportResult> {
  const { kind, file, flags } = asked
  const run = () =>
    importFile({
      ...{ database, clientId: flags.client, kind, path: file, name: null, onProgress },
      format: flags.format ?? null,
      sheet: flags.sheet ?? null,
      headerRow: flags.headerRow ?? null,
      mapping: flags.map ?? null,
      dryRun: flags.dryRun === true,
      strict: flags.strict === true,
      rejectsPath: flags.rejects ?? null,
      clock: tools.clock,
      signal: tools.signal,
    })
  if (flags.dryRun === true) return run()
  const intent = { action: 'import-file', target: `client:${flags.client}`, clientId: flags.client }
  const { result } = await recordCommand(database.system, tools, intent, async () => {
    const result = await run().catch((error: unknown) => {
      const kept = error instanceof ImportFailure ? entryOf(asked, error.done) : null
      throw kept === null ? error : new PartlyDoneError([kept], error)
    })
    return { result, audit: entryOf(asked, result) }
  })
  return result
}

/** What was written, for the record; an import that wrote nothing leaves none. */
function entryOf({ kind, file, flags }: Asked, { read, rejected, tallies }: DoneBefore): AuditEntry | null {
  if (tallies.every(({ inserted, updated }) => inserted + updated === 0)) return null
  return {
    action: 'import-file',
    target: `client:${flags.client}`,
    clientId: flags.client,
    before: null,
    after: { kind, file: basename(file), mapping: flags.map ?? null, read, rejected, facts: tallies },
  }
}

/** One display for each phase: a strict import checks everything before it writes. */
function createDisplay(): { show(progress: ImportProgress): void; stop(): void } {
  const displays = new Map<string, ProgressDisplay>()
  const stop = () => {
    for (const display of displays.values()) display.stop()
    displays.clear()
  }
  return {
    stop,
    show({ phase, bytesRead, bytesTotal }) {
      if (!displays.has(phase)) {
        stop()
        displays.set(phase, createProgress(`kB (${phase})`, kilobytes(bytesTotal)))
      }
      displays.get(phase)?.update(kilobytes(bytesRead))
    },
  }
}

function kilobytes(bytes: number): number {
  return Math.ceil(bytes / 1000)
}

function printResult(print: CommandTools['print'], file: string, flags: ImportFlags, result: ImportResult): void {
  const { tallies, rejected, repeated, unused, stoppedAtLine } = result
  const verb = flags.dryRun === true ? 'would be ' : ''
  if (tallies.length > 0) {
    printTable([
      ['facts', `${verb}inserted`, `${verb}updated`, 'unchanged'],
      ...tallies.map(({ kind, inserted, updated, unchanged }) => [kind, ...[inserted, updated, unchanged].map(count)]),
    ])
    print()
  }
  print(`Rows of ${file}: ${count(result.read)} read, ${count(rejected)} rejected.`)
  if (repeated > 0) print(`Said the same as an earlier row: ${count(repeated)}.`)
  if (unused > 0) print(`Yielded no fact, by the mapping's conditions: ${count(unused)}.`)
  for (const note of result.notes) print(note)
  if (result.rejectsPath !== null) print(`Row, column and reason of each reject: ${result.rejectsPath}`)
  if (flags.dryRun === true) print('Nothing was written: this was a dry run.')
  else if (flags.strict === true && (rejected > 0 || stoppedAtLine !== null)) print('Nothing was kept: --strict.')
  if (stoppedAtLine === null) return
  const kept = tallies.length > 0 && flags.dryRun !== true ? ', and what is counted above is kept' : ''
  print(`Stopped after line ${count(stoppedAtLine)}${kept}. Running the import again is harmless.`)
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function exitCodeOf({ read, rejected, stoppedAtLine }: ImportResult, { strict }: ImportFlags): number {
  if (stoppedAtLine !== null) return EXIT.interrupted
  if (rejected === 0) return EXIT.done
  return strict === true || rejected === read ? EXIT.failed : EXIT.someRejected
}
