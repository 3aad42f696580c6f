import { z } from 'zod'
import type { FactColumn, FactKind } from '../kinds/kind.ts'

/**
 * What a fact of a kind looks like as JSON, for documents: facts themselves are read by `compileJsonFact`, which is
 * quicker and knows the rules between columns.
 */
export function factSchema(kind: FactKind): z.ZodType {
  const members = Object.entries(kind.columns).map(([name, column]): [string, z.ZodType] => {
    const described = valueSchema(column).describe(wordsOn(column))
    const isNeeded = column.required === true && column.type !== 'currency'
    return [name, isNeeded ? described : described.nullable().optional()]
  })
  return z.strictObject(Object.fromEntries(members)).meta({ id: schemaName(kind) })
}

/** `lead-stage-changes` is FactOfLeadStageChanges. */
function schemaName({ name }: FactKind): string {
  const words = name.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return `FactOf${words.join('')}`
}

function valueSchema({ type, max = 200, min, oneOf }: FactColumn): z.ZodType {
  switch (type) {
    case 'id':
      return z.string().min(1).max(max)
    case 'text':
      return oneOf === undefined ? z.string().max(max) : z.enum(oneOf)
    case 'texts':
      return z.array(z.string().max(max)).max(50)
    case 'integer':
    case 'seconds':
      return ranged(z.int(), min, max)
    case 'money':
      return ranged(z.int(), min, undefined)
    case 'number':
      return ranged(z.number(), min, max)
    case 'boolean':
      return z.boolean()
    case 'instant':
      return z.iso.datetime({ offset: true })
    case 'date':
      return z.iso.date()
    case 'currency':
      return z.string().regex(/^[A-Z]{3}$/)
    case 'attributes':
      return z.record(z.string(), z.unknown())
  }
}

function ranged(schema: z.ZodNumber, min: number | undefined, max: number | undefined): z.ZodNumber {
  const atLeast = min === undefined ? schema : schema.min(min)
  return max === undefined ? atLeast : atLeast.max(max)
}

function wordsOn(column: FactColumn): string {
  const { type, whenEmpty } = column
  const what = {
    money: "In minor units of the client's currency, such as cents. ",
    currency: "The client's. ",
    instant: column.mayBeAhead === true ? 'May lie ahead of now. ' : 'Not ahead of now. ',
    seconds: 'Seconds. ',
  } as const
  const words = type in what ? what[type as keyof typeof what] : ''
  return `${words}${whenEmpty === undefined ? '' : `Missing: ${whenEmpty}.`}`.trim()
}
