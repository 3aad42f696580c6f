import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { componentsOf, type FamilyName } from '../components.ts'
import { type DayStep, statementStep } from './family.ts'

/** What a fact can belong to, and the column that says to whom. */
const PLACES = [
  ['agent', 'agent_id'],
  ['sector', 'sector_id'],
  ['channel', 'channel'],
  ['campaign', 'campaign_id'],
  ['provider', 'provider_id'],
  ['customer-role', 'customer_role'],
  ['location', 'location'],
] as const

/**
 * The rows of daily_metrics of a family, from a .sql file that selects the facts of a day: a row each, with every column of PLACES and
 * every component of the family. Facts are read once and added up for the client as a whole and for each dimension; those that belong
 * to nobody are in the member '', so that every dimension adds up to the client.
 */
export function dailyStep(folder: string, file: string, family: FamilyName): DayStep {
  return statementStep(dailyStatement(readFileSync(join(folder, file), 'utf8'), family), file)
}

/** The statement of a daily step. Sets whole columns of the day, whose rows were written anew: twice is the same as once. */
export function dailyStatement(facts: string, family: FamilyName): string {
  const components = componentsOf(family)
  const columns = PLACES.map(([, column]) => column)
  const dimension = PLACES.map(([name, column]) => `when grouping(${column}) = 0 then '${name}'`).join(' ')
  return `
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
    do update set ${components.map((name) => `${name} = excluded.${name}`).join(', ')}`
}
