import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'

/**
 * Ends the executions of runs that ended without a last word: the process was killed under them, or they were cancelled
 * while they waited for another try. One whose run is tried again goes on where it is. One that was completed, and
 * whose run was cancelled when it was to do it again, is completed: its files and figures are those of then.
 */
export async function closeLostExecutions(db: SystemDatabase): Promise<void> {
  await sql`
    update executions e set state = 'failed', error_message = coalesce(r.error_message, 'it was cancelled'), finished_at = r.finished_at
    from runs r
    where r.id = e.id and e.state in ('pending', 'running') and r.state in ('failed', 'cancelled')`.execute(db)
  await sql`
    update executions e set state = 'completed', error_message = null, finished_at = r.finished_at
    from runs r
    where r.id = e.id and e.state <> 'completed' and r.state = 'succeeded' and r.cancel_requested_at is not null`.execute(
    db,
  )
}
