import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Component, type ComponentSums, componentsOf, type FamilyName } from '../components.ts'
import { PLACES } from '../dimensions.ts'
import { type DayStatement, statementStep } from './family.ts'

/**
 * Which facts of a family can contradict themselves: their table, the time they are noted by, and what says how they
 * do.
 */
const FAULTS: Partial<Record<FamilyName, readonly { table: string; at: string; fault: string }[]>> = {
  sales: [{ table: 'deals', at: 'opened_at', fault: 'deal_fault(opened_at, closed_at)' }],
  campaigns: [{ table: 'campaign_spend', at: 'spent_at', fault: 'spend_fault(contacted, responded)' }],
  marketplace: [
    { table: 'service_requests', at: 'requested_at', fault: 'request_fault(requested_at, accepted_at, completed_at)' },
    { table: 'bookings', at: 'starts_at', fault: 'booking_fault(starts_at, ends_at)' },
    { table: 'provider_availability', at: 'starts_at', fault: 'booking_fault(starts_at, ends_at)' },
  ],
}

/**
 * The rows of daily_metrics of a family, from a .sql file that selects the facts of a day: a row each, with every
 * column of PLACES and every component of the family. Facts are read once and added up for the client as a whole and
 * for each dimension; those that belong to nobody are in the member '', so that every dimension adds up to the client.
 * Facts that contradict themselves are noted in quarantined_facts, and the file leaves them out. Returns the named
 * components of every row it wrote.
 */
export function dailyStep(
  folder: string,
  file: string,
  family: FamilyName,
  returning: readonly Component[] = [],
): DayStatement<ComponentSums> {
  return statementStep(dailyStatement(readFileSync(join(folder, file), 'utf8'), family, returning), file)
}

/**
 * The statement of a daily step. Sets whole columns of the day, whose rows were just written with nothing in them but
 * the client's zeros: twice is the same as once.
 */
export function dailyStatement(facts: string, family: FamilyName, returning: readonly Component[] = []): string {
  const components = componentsOf(family)
  const columns = PLACES.map(([, column]) => column)
  const dimension = PLACES.map(([name, column]) => `when grouping(${column}) = 0 then '${name}'`).join(' ')
  return `
    ${noteFaults(family)}
    insert into daily_metrics (client_id, dimension, day, member, ${components.join(', ')})
    select
      :client_id, case ${dimension} else 'client' end, :day, coalesce(${columns.join(', ')}, ''),
      ${components.map((name) => `sum(${name})`).join(', ')}
    from (
      select ${columns.map((name) => `coalesce(${name}, '') as ${name}`).join(', ')}, ${components.join(', ')}
      from (${facts}) facts
    ) placed
    group by grouping sets ((), ${columns.map((name) => `(${name})`).join(', ')})
    having count(*) > 0
    on conflict (client_id, dimension, day, member)
    do update set ${components.map((name) => `${name} = coalesce(excluded.${name}, daily_metrics.${name})`).join(', ')}
    ${returning.length === 0 ? '' : `returning ${returning.join(', ')}`}`
}

function noteFaults(family: FamilyName): string {
  const faulty = (FAULTS[family] ?? []).map(
    ({ table, at, fault }) => `
      select :client_id, :day, '${table}', id, ${fault}
      from ${table}
      where client_id = :client_id and ${at} >= :from and ${at} < :to and ${fault} is not null`,
  )
  if (faulty.length === 0) return ''
  return `with noted as (
      insert into quarantined_facts (client_id, day, fact_table, fact_id, reason) ${faulty.join(' union all ')}
      on conflict (client_id, day, fact_table, fact_id) do nothing
    )`
}
