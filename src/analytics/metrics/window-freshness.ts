import { sql } from 'kysely'
import type { ClientDatabase } from '../../db/database.ts'
import type { Day, DayWindow } from '../../time.ts'

/** How far the roll-ups of a window can be trusted. */
export type Freshness = {
  /** Rolled up before the last of their facts came in, or before they were over. Rolling them up again is due. */
  dirtyDays: Day[]
  /** Never rolled up: nothing is known of them, not even that nothing happened. */
  unrolledDays: Day[]
  /** Both, in order: what is read over such a window may still change. */
  provisionalDays: Day[]
  /** The instant the oldest roll-up of the window was made; null when none was. */
  dataAsOf: string | null
  /** Facts of the window that contradict themselves, and are in none of its sums. */
  quarantined: number
}

export async function windowFreshness(
  db: ClientDatabase,
  clientId: string,
  { from, to }: DayWindow,
): Promise<Freshness> {
  const { rows } = await sql<{ day: Day; dirty: boolean; rolled_at: string | null; quarantined: number }>`
    select d::date as day, coalesce(r.facts_version > r.rolled_version, false) as dirty, r.rolled_at,
      coalesce(m.quarantined, 0) as quarantined
    from generate_series(${from}::date, ${to}::date - 1, interval '1 day') d
    left join rollup_days r on r.client_id = ${clientId} and r.day = d::date
    left join daily_metrics m on m.client_id = ${clientId} and m.dimension = 'client' and m.day = d::date and m.member = ''
    order by 1`.execute(db)
  const days = (wanted: (row: (typeof rows)[number]) => boolean) => rows.filter(wanted).map((row) => row.day)
  const rolled = rows.flatMap((row) => (row.rolled_at === null ? [] : [row.rolled_at]))
  return {
    dirtyDays: days((row) => row.dirty),
    unrolledDays: days((row) => row.rolled_at === null),
    provisionalDays: days((row) => row.rolled_at === null || row.dirty),
    quarantined: rows.reduce((sum, row) => sum + row.quarantined, 0),
    dataAsOf: rolled.reduce<string | null>(
      (oldest, at) => (oldest === null || isBefore(at, oldest) ? at : oldest),
      null,
    ),
  }
}

function isBefore(a: string, b: string): boolean {
  return Temporal.Instant.compare(Temporal.Instant.from(a), Temporal.Instant.from(b)) < 0
}
