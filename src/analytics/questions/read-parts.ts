import type { ClientDatabase } from '../../db/database.ts'
import { createAnswerCache } from './answer-cache.ts'
import type { Part } from './cover-window.ts'
import { handleNumber } from './handle-number.ts'
import { readStandings } from './read-standings.ts'

/** Rows that kept parts hold together: about half a kilobyte each. */
const KEPT_ROWS_MAX = 100_000
const parts = createAnswerCache<readonly unknown[]>(KEPT_ROWS_MAX)

/** `name` says what is read, of whom and how; `daysAfter` how many days after a part still change it. */
type PartsQuestion = { clientId: string; name: readonly unknown[]; cover: readonly Part[]; daysAfter: number }

/**
 * Reads parts of a window one by one, those whose roll-ups have changed since they were read last: for roll-ups that are kept by hour or
 * by day only and take long to add up. A night changes the last week or two of a year.
 */
export async function readParts<Row>(
  db: ClientDatabase,
  { clientId, name, cover, daysAfter }: PartsQuestion,
  read: (part: Part) => Promise<Row[]>,
): Promise<{ part: Part; rows: readonly Row[] }[]> {
  const readOne = async (part: Part, stamp: string) => {
    const key = JSON.stringify([handleNumber(db), clientId, name, part.from, part.to])
    const kept = db.isTransaction ? null : (parts.find(key, stamp) as readonly Row[] | null)
    const rows = kept ?? (await read(part))
    if (kept === null && !db.isTransaction) parts.keep(key, stamp, rows, 1 + rows.length)
    return { part, rows }
  }
  const { standings } = await readStandings(db, clientId, cover, { fromTheBeginning: false, daysAfter })
  const found: { part: Part; rows: readonly Row[] }[] = []
  for (const [index, part] of cover.entries()) found.push(await readOne(part, standings[index]?.stamp ?? ''))
  return found
}
