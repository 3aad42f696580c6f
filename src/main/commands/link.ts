import type { Command } from 'commander'
import { InputError } from '../../errors.ts'
import { writeAudit } from '../../people/audit.ts'
import { type LinksMeant, revokeDownloadLinks } from '../../reports/deliver/links.ts'
import type { CommandTools } from './command-tools.ts'
import { operator, withDatabase } from './user.ts'

export function linkCommand(parent: Command, tools: CommandTools): void {
  const link = parent.command('link').description('Links to reports that were mailed.')
  link
    .command('revoke')
    .description('End a link at once, or every link to a report.')
    .argument('<link>', 'its address or the part after /d/, or the id of the report')
    .action(async (text: string) => {
      const ended = await withDatabase(tools, (db) => revoke(db, text))
      tools.print(`${ended} ${ended === 1 ? 'link leads' : 'links lead'} nowhere any more.`)
    })
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const TOKEN = /(?:^|\/d\/)([A-Za-z0-9_-]{20,100})$/

/** A report's id also looks like the part after /d/. */
function linksMeant(text: string): LinksMeant {
  if (UUID.test(text)) return { executionId: text }
  const token = TOKEN.exec(text)?.[1]
  if (token !== undefined) return { token }
  throw new InputError('link', `"${text}" is neither a mailed link nor the id of a report.`)
}

type System = Parameters<Parameters<typeof withDatabase>[1]>[0]

async function revoke(db: System, text: string): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const found = await revokeDownloadLinks(tx, linksMeant(text))
    if (found.length === 0) throw new InputError('no-such-link', `No link that was mailed is meant by "${text}".`)
    for (const { clientId, executionId, revoked } of found) {
      const entry = {
        action: 'revoke-links',
        target: `report:${executionId}`,
        clientId,
        before: null,
        after: { revoked },
      }
      await writeAudit(tx, operator, entry)
    }
    return found.reduce((sum, { revoked }) => sum + revoked, 0)
  })
}
