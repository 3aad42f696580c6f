import type { SystemTransaction } from '../../db/database.ts'
import { changeScheduleIn, type ScheduleSettings } from './edit-schedule.ts'

/** A schedule that a person makes; nothing declares it, and nobody but a person takes it away. */
export type OwnSchedule = {
  id: string
  job: string
  clientId: string
  /** What it adds to what the job computes from the due time. */
  payload: Record<string, unknown>
  /** Who hears when one of its runs fails. */
  ownerAddress: string | null
  settings: ScheduleSettings
}

/**
 * Makes a schedule that is planned for from now on. Of one that is there its payload, owner, cron and zone change; what
 * a person chose for missed and overlapping times, and a pause, stays. Twice is the same as once. Throws InputError
 * `invalid-cron`, `invalid-zone`.
 */
export async function putSchedule(tx: SystemTransaction, schedule: OwnSchedule): Promise<void> {
  const { id, job, clientId, ownerAddress, settings } = schedule
  const what = { payload: JSON.stringify(schedule.payload), owner_address: ownerAddress }
  const made = await tx
    .insertInto('schedules')
    .values({
      id,
      job,
      client_id: clientId,
      ...what,
      cron: settings.cron,
      zone: settings.zone,
      catch_up: settings.catchUp,
      catch_up_within_s: settings.catchUpWithinS,
      late_after_s: settings.lateAfterS,
      overlap: settings.overlap,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (made.numInsertedOrUpdatedRows === 1n) return
  await changeScheduleIn(tx, id, { settings: { cron: settings.cron, zone: settings.zone } })
  await tx.updateTable('schedules').set(what).where('id', '=', id).execute()
}

/** Takes a schedule away; what it had planned stays. Returns whether it was there. */
export async function deleteSchedule(tx: SystemTransaction, clientId: string, id: string): Promise<boolean> {
  const gone = await tx
    .deleteFrom('schedules')
    .where('client_id', '=', clientId)
    .where('id', '=', id)
    .executeTakeFirst()
  return gone.numDeletedRows > 0n
}
