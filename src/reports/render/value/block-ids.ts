import { PermanentError } from '../../../errors.ts'
import type { Block } from '../../document.ts'

/** The names of what `render` writes beside the blocks themselves. */
const RESERVED = ['report', 'notes']

/**
 * Refuses two blocks of one id (PermanentError `report-id`): files that name their parts by id would lose one of them
 * unseen.
 */
export function assertOwnIds(blocks: Block[]): void {
  const seen = new Set(RESERVED)
  for (const block of blocks) {
    if (!('id' in block)) continue
    if (seen.has(block.id))
      throw new PermanentError('report-id', `Two parts of the report are called "${block.id}". Give each its own id.`)
    seen.add(block.id)
  }
}
