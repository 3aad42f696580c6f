/** What comes in: files and HTTP become facts. */

export { expireImports } from './imports/expire-imports.ts'
export { type DoneBefore, ImportFailure } from './imports/import-failure.ts'
export { type ImportProgress, type ImportResult, importFile } from './imports/import-file.ts'
export { importUpload } from './imports/import-upload.ts'
export {
  findRecordedImport,
  type NewImport,
  noteRun,
  recordImport,
  type StoredResult,
  uploadKey,
} from './imports/recorded-imports.ts'
export { rejectsKey } from './imports/rejects-key.ts'
export { factSchema } from './json/fact-schema.ts'
export { type JsonItem, parseJsonBody, parseJsonLines } from './json/json-items.ts'
export { findKind, kinds } from './kinds/index.ts'
export type { FactKind } from './kinds/kind.ts'
export { type Mapping, parseMapping, readMapping, shippedMappings } from './mapping/mapping.ts'
export { FileFault } from './sources/file-fault.ts'
export { FORMATS, type Format } from './sources/format.ts'
export { EMPTIED_OF_FACTS, newPseudonym, WRITTEN_OF_CONTACTS } from './write/erased-customers.ts'
export {
  createFactStore,
  type FactCounts,
  type FactOwner,
  type FactStore,
  type ItemError,
  type StoredFacts,
} from './write/store-facts.ts'
