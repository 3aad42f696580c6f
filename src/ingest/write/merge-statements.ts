import { quoted } from '../../db/copy.ts'
import type { FactShape } from '../mapping/compile-mapping.ts'
import { type KeepErased, keepErased } from './keep-erased.ts'

/** How a batch goes from its staging table (s) to the table of facts (t). $1 is the client. */
export type MergeStatements = {
  /**
   * The batch's ids as an array, and whether the client has erased customers; no row when the client has none of the
   * kind between the first and last id: then the upsert alone has work.
   */
  touched: string
  /** null for facts that tell of no customer. */
  keepErased: KeepErased | null
  /**
   * $2: the batch's ids, where they are looked up as a list. How many they are, how many the client knows, and how many
   * at another time.
   */
  known: string
  /** null for what has no time. */
  move: MoveStatements | null
  /**
   * For a batch of which the client knows no id: half the work of the upsert. Fails when another connection adds one
   * meanwhile.
   */
  insert: string
  /** New rows are inserted, changed ones updated, identical ones not written, so that they mark no day dirty. */
  upsert: string
  /** What all this would do, read only. */
  compare: string
}

/**
 * Facts whose time changed. `find` takes what `known` takes and returns (id, at); the others take these as $2 and $3.
 */
export type MoveStatements = {
  find: string
  /** So that the next one finds a moved fact among thousands staged. */
  index: string
  /** Gives a fact its new time, and so keeps what the file does not say of it. */
  update: string
  /** Drops what is left at the old times, where the new one was taken already. */
  dropStrays: string
}

/**
 * How a batch's facts are looked up by (client_id, id), their primary key, in every month: a fact is one however often
 * its time changes. `list`: the ids go in as a list, not as a join: the statistics know nothing of a client that has
 * just begun, and a join that the planner believes to be of one row reads all of the client's facts for each of the
 * batch's. A list is at worst looked for in one reading of them, which is little beside the ten thousand rows of an
 * import's batch, and much beside the few of one that came over HTTP. `each`: one by one in the index of the key, the
 * only one that has them in the order asked for, on connections that may not sort (EACH_BY_INDEX).
 */
export type Lookup = 'list' | 'each'

export function mergeStatements(fact: FactShape, stage: string, lookup: Lookup): MergeStatements {
  const { table, time } = fact.kind
  const names = fact.columns.map(quoted)
  const key = ['id', ...(time === null ? [] : [time])]
  const others = fact.columns.filter((name) => !key.includes(name))
  const source = fact.onlyMissing ? firstOfEach(fact, stage) : `select ${names.join(', ')} from ${stage}`
  const join = `${table} t on t.client_id = $1 and t.id = s.id`
  const known = foundBy(lookup, table, keyColumns(time), stage)
  const movedIs = time === null ? 'false' : `coalesce(t.${time} <> s.${time}, false)`
  const change = fact.onlyMissing ? earlierChange(fact) : anyChange(others)
  const difference = (fact.onlyMissing ? change : anyChange(fact.columns))?.differs('s') ?? 'false'
  const insert = `insert into ${table} as t (client_id, ${names.join(', ')}) select $1, s.* from (${source}) s`
  return {
    touched: `select ${lookup === 'each' ? "''" : 'array_agg(id)::text'} as ids,
      exists (select from erasures where client_id = $1) as erased from ${stage} having (select t.id from ${table} t
      where t.client_id = $1 and t.id >= (select min(id) from ${stage}) order by t.client_id, t.id limit 1) <= max(id)`,
    keepErased: keepErased(fact, stage, (columns) => foundBy(lookup, table, columns, stage).before),
    known: `${known.before} select count(*)::int as ids, count(*) filter (where known)::int as known, count(*) filter (where moved)::int as moved
      from (select bool_or(t.id is not null) as known, bool_or(${movedIs}) as moved
        from ${stage} s left join ${known.join} group by s.id) as ids`,
    move: time === null ? null : moveStatements(fact, time, stage, lookup),
    insert,
    upsert: `${insert} on conflict (client_id, ${key.join(', ')}) do ${conflictAction(change)}`,
    compare: `select count(*) filter (where t.id is null)::int as inserted, count(*)::int as ids,
      count(*) filter (where t.id is not null and (${difference}))::int as updated
      from (${source}) s left join ${join}`,
  }
}

/** Which columns a row that is there already takes over, and when. */
type Change = { set: string; differs(from: string): string } | null

function anyChange(columns: readonly string[]): Change {
  if (columns.length === 0) return null
  const row = (of: string) => `row(${columns.map((name) => `${of}.${quoted(name)}`).join(', ')})`
  return {
    set: columns.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', '),
    differs: (from) => `${row('t')} is distinct from ${row(from)}`,
  }
}

function earlierChange(fact: FactShape): Change {
  const columns = earliestColumns(fact)
  if (columns.length === 0) return null
  return {
    set: columns.map((name) => `${quoted(name)} = least(t.${quoted(name)}, excluded.${quoted(name)})`).join(', '),
    differs: (from) =>
      columns
        .map((name) => `t.${quoted(name)} is distinct from least(t.${quoted(name)}, ${from}.${quoted(name)})`)
        .join(' or '),
  }
}

function earliestColumns({ kind, columns }: FactShape): string[] {
  return columns.filter((name) => kind.columns[name]?.earliest === true)
}

function conflictAction(change: Change): string {
  return change === null ? 'nothing' : `update set ${change.set} where ${change.differs('excluded')}`
}

/** Many calls bring the same agent along: the first row of each id, with the earliest of its instants. */
function firstOfEach(fact: FactShape, stage: string): string {
  const earliest = earliestColumns(fact)
  const names = fact.columns.map((name) =>
    earliest.includes(name) ? `min(${quoted(name)}) over (partition by id) as ${quoted(name)}` : quoted(name),
  )
  return `select distinct on (id) ${names.join(', ')} from ${stage} order by id, ctid`
}

/** The facts (t) with the ids of the batch (s): what stands before a statement that joins them, and how it does. */
type Found = { before: string; join: string }

function foundBy(lookup: Lookup, table: string, columns: readonly string[], stage: string): Found {
  const ids = lookup === 'each' ? `array(select id from ${stage})` : '$2::text[]'
  const order = lookup === 'each' ? 'order by t.client_id, t.id' : ''
  const facts = `select ${columns.map((name) => `t.${quoted(name)}`).join(', ')} from ${table} t where t.client_id = $1 and t.id = any(${ids}) ${order}`
  return { before: `with found as materialized (${facts})`, join: 'found t on t.id = s.id' }
}

function keyColumns(time: string | null): string[] {
  return time === null ? ['id'] : ['id', time]
}

/** From here on, joins are by the ids of the few that moved, each of them by an index. */
const FEW_BY_INDEX = '; set local enable_nestloop = on; set local enable_hashjoin = off'

function moveStatements({ kind, columns }: FactShape, time: string, stage: string, lookup: Lookup): MoveStatements {
  const { table } = kind
  const known = foundBy(lookup, table, keyColumns(time), stage)
  const set = columns.filter((name) => name !== 'id').map((name) => `${quoted(name)} = s.${quoted(name)}`)
  const old = 'unnest($2::text[], $3::timestamptz[]) as old (id, at)'
  const atOldTime = `t.client_id = $1 and t.id = old.id and t.${time} = old.at`
  return {
    find: `${known.before} select s.id, t.${time}::text as at from ${stage} s join ${known.join} where t.${time} <> s.${time}`,
    index: `create index if not exists ${stage.replace('pg_temp.', '')}_id on ${stage} (id)${lookup === 'each' ? FEW_BY_INDEX : ''}`,
    update: `update ${table} t set ${set.join(', ')} from ${old} join ${stage} s on s.id = old.id where ${atOldTime}
      and not exists (select from ${table} n where n.client_id = $1 and n.id = s.id and n.${time} = s.${time})`,
    dropStrays: `delete from ${table} t using ${old} where ${atOldTime}`,
  }
}
