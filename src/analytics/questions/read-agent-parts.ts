import { sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import type { DayWindow } from '../../time.ts'
import type { ComponentSums } from '../metrics/index.ts'
import { agentColumn } from './choose-source.ts'
import { bucketStart, partsToKeep } from './cover-window.ts'
import { daysAfter } from './metrics-asked.ts'
import type { Dimension } from './question.ts'
import { readParts } from './read-parts.ts'
import { refuseTooMany, type SummedRow, type SumsQuestion, sumsOf } from './read-sums.ts'
import { addTo } from './sums.ts'

/** What one agent did for one sector on one channel in some days. */
type AgentRow = { agent_id: string; sector_id: string; channel: string; sums: ComponentSums }

/**
 * Sums of agents, sectors and channels together by week, month or whole span, in the order of members and buckets. agent_metrics has the
 * hours: a year of a large client is more than a million rows, so that what they add up to is kept by month, and week at the edges.
 */
export async function readAgentParts(db: ClientDatabase, question: SumsQuestion): Promise<SummedRow[]> {
  const { clientId, granularity, span, components } = question
  const name = ['agents', components.toSorted()]
  const cover = partsToKeep(span, granularity)
  const asked = { clientId, name, cover, daysAfter: daysAfter(components) }
  const groups = new Map<string, SummedRow>()
  for (const { part, rows } of await readParts(db, asked, (days) => readDays(db, question, days))) {
    const bucket = bucketStart(granularity, part.from)
    for (const row of rows.filter((each) => isAsked(each, question))) {
      const member = memberOf(row, question.dimension)
      const key = JSON.stringify([member, bucket])
      const group = groups.get(key) ?? { bucket, member, sums: {} }
      addTo(group.sums, row.sums)
      groups.set(key, group)
    }
  }
  refuseTooMany(groups.size)
  const keys = [...groups.keys()].sort()
  return keys.flatMap((key) => groups.get(key) ?? [])
}

/** Reads agent_metrics by its key. */
async function readDays(db: ClientDatabase, question: SumsQuestion, { from, to }: DayWindow): Promise<AgentRow[]> {
  const { rows } = await sql<Record<string, number> & Omit<AgentRow, 'sums'>>`
    select ${sql.join([sql`agent_id`, sql`sector_id`, sql`channel`, ...sumsOf(question)])}
    from agent_metrics
    where client_id = ${question.clientId} and day >= ${from}::date and day < ${to}::date
    group by agent_id, sector_id, channel`.execute(db)
  return rows.map(({ agent_id, sector_id, channel, ...sums }) => ({ agent_id, sector_id, channel, sums }))
}

function isAsked(row: AgentRow, { filters }: SumsQuestion): boolean {
  return Object.entries(filters).every(([name, members]) => members.includes(row[agentColumn(name as Dimension)]))
}

function memberOf(row: AgentRow, dimension: Dimension): string {
  return dimension === 'client' ? '' : row[agentColumn(dimension)]
}
