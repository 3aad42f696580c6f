import type { ComponentSums } from '../metrics/index.ts'
import type { Bucket } from './question.ts'
import { type Cell, emptyCell, type PeriodQuestion, type PeriodRead } from './read-period.ts'
import { retentionOfCell } from './read-retention.ts'
import { refuseTooMany } from './read-sums.ts'
import { addTo, zeros } from './sums.ts'

/**
 * The cells of a span with those in which nothing happened but of which something is to be said: every known bucket of the client as a
 * whole, and of every member where levels are asked for, which stay as they were. Each cell of a level is told what came before it.
 * Throws InputError `too-many-groups`.
 */
export function completeCells(question: PeriodQuestion, read: PeriodRead, buckets: readonly Bucket[]): Cell[] {
  const hasLevels = question.ingredients.before.length > 0
  if (question.dimension !== 'client' && !hasLevels) return read.cells
  const members = question.dimension === 'client' ? [''] : membersOf(read)
  const keys = keysOf(question, read, buckets)
  refuseTooMany(members.length * keys.length)
  const cells = Map.groupBy(read.cells, ({ member }) => member)
  return members.flatMap((member) => {
    const ofMember = new Map((cells.get(member) ?? []).map((cell) => [cell.bucket, cell]))
    const running: ComponentSums = { ...zeros(question.ingredients.before), ...read.openings.get(member) }
    return keys.map((bucket) => {
      const cell = ofMember.get(bucket) ?? emptyCell(question, member, bucket)
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
  const known = new Set(buckets.flatMap(({ key, known }) => (known ? [key] : [])))
  const others = new Set(cells.flatMap(({ bucket }) => (bucket === null || known.has(bucket) ? [] : [bucket])))
  return others.size === 0 ? [...known] : [...known, ...others].sort()
}
