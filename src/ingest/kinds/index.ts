import { InputError } from '../../errors.ts'
import { suggestion } from '../../nearest.ts'
import { agents } from './agents.ts'
import { customers } from './customers.ts'
import { interactions } from './interactions.ts'
import type { FactKind } from './kind.ts'
import { payments } from './payments.ts'
import { sectors } from './sectors.ts'
import { surveys } from './surveys.ts'

/** Every kind of fact that can be brought in. */
export const kinds: readonly FactKind[] = [sectors, agents, customers, interactions, surveys, payments]

/** The kind a person means by a name or another name of it. */
export function findKind(name: string): FactKind {
  const found = kinds.find((kind) => kind.name === name || kind.aliases.includes(name))
  if (found !== undefined) return found
  const names = kinds.map((kind) => kind.name)
  const near = suggestion(name, [...names, ...kinds.flatMap((kind) => kind.aliases)])
  throw new InputError('unknown-kind', `There are no "${name}" to import, only ${names.join(', ')}${near}.`)
}
