import type { ComponentSums } from '../metrics/index.ts'
import type { Bucket } from './question.ts'
import { type Cell, emptyCell, type PeriodQuestion, type PeriodRead } from './read-period.ts'
import { retentionOfCell } from './read-retention.ts'
import { refuseTooMany } from './read-sums.ts'
import { addTo, zeros } from './sums.ts'

/**
 * The cells of a span with those in which nothing happened but of which something is to be said: every known bucket of
 * the client as a whole, and of every member where levels are asked for, which stay as they were. Each cell of a level
 * is told what came before it. Throws InputError `too-many-groups`.
 */
export function completeCells(question: PeriodQuestion, read: PeriodRead, buckets: readonly Bucket[]): Cell[] {
  const hasLevels = question.ingredients.before.length > 0
  if (question.dimension !== 'client' && !hasLevels) return read.cells
  const members = question.dimension === 'client' ? [''] : membersOf(read)
  const keys = keysOf(question, read, buckets)
  refuseTooMany(members.length * keys.length, question.groupsMax)
  const cells = Map.groupBy(read.cells, ({ member }) => member)
  // One for all: a year has thousands of hours in which nothing happened.
  const empty = emptyCell(question, '', null)
  return members.flatMap((member) => {
    const ofMember = new Map((cells.get(member) ?? []).map((cell) => [cell.bucket, cell]))
    const running: ComponentSums = { ...zeros(question.ingredients.before), ...read.openings.get(member) }
    return keys.map((bucket) => {
      const cell = ofMember.get(bucket) ?? { ...empty, member, bucket }
      if (!hasLevels) return cell
      const before = { ...running }
      const complete = { ...cell, before, ...retentionOfCell(read.retention, question, { ...cell, before }) }
      addTo(running, cell.sums)
      return complete
    })
  })
}

function membersOf({ cells, openings }: PeriodRead): string[] {
  return [...new Set([...cells.map(({ member }) => member), ...openings.keys()])].sort()
}

function keysOf({ granularity }: PeriodQuestion, { cells }: PeriodRead, buckets: readonly Bucket[]): (string | null)[] {
  if (granularity === 'none') return [null]
  const known = new Set<string>()
  for (const bucket of buckets) if (bucket.known) known.add(bucket.key)
  const size = known.size
  for (const { bucket } of cells) if (bucket !== null) known.add(bucket)
  return known.size === size ? [...known] : [...known].sort((a, b) => (a < b ? -1 : 1))
}
