import { InputError, PermanentError } from '../errors.ts'
import type { AnyJob } from './job.ts'

/** The jobs this program knows, by name. */
export type Registry = ReadonlyMap<string, AnyJob>

export function createRegistry(jobs: readonly AnyJob[]): Registry {
  const registry = new Map(jobs.map((job) => [job.name, job]))
  if (registry.size !== jobs.length) throw new Error('two jobs share a name')
  return registry
}

/** The job a person named. */
export function jobNamed(registry: Registry, name: string): AnyJob {
  const job = registry.get(name)
  if (job) return job
  throw new InputError('unknown-job', `There is no job "${name}". Jobs: ${[...registry.keys()].join(', ')}.`)
}

/** The job of a run in the ledger, which an older version may have written. */
export function jobOfRun(registry: Registry, name: string): AnyJob {
  const job = registry.get(name)
  if (job) return job
  throw new PermanentError('unknown-job', `this version has no job "${name}"`)
}
