import type { SystemDatabase } from '../../db/database.ts'
import { InputError } from '../../errors.ts'

/**
 * Throws InputError `no-such-client`: nothing is planned for a client that is only a slip of the pen. null: for none in
 * particular.
 */
export async function requireClient(db: SystemDatabase, id: string | null): Promise<void> {
  if (id === null) return
  const client = await db.selectFrom('clients').select('id').where('id', '=', id).executeTakeFirst()
  if (!client) throw new InputError('no-such-client', `There is no client "${id}". daybreak client list shows them.`)
}
