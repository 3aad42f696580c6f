import { sql } from 'kysely'
import type { SystemDatabase } from '../db/database.ts'

/** Gives every subscription its row in `schedules`, in step with what the subscription says, and takes those of deleted ones away. */
export async function syncSubscriptionSchedules(db: SystemDatabase, job: string): Promise<void> {
  await sql`
    insert into schedules (id, job, client_id, cron, zone, catch_up, late_after_s, overlap, payload)
    select 'subscription.' || client_id || '.' || id, ${job}, client_id, cron, 'client', 'all', 3600, 'allow',
      jsonb_build_object('subscriptionId', id, 'report', report, 'period', period, 'formats', to_jsonb(formats))
    from report_subscriptions
    on conflict (id) do update set cron = excluded.cron, payload = excluded.payload, next_due_at = null
    where (schedules.cron, schedules.payload) is distinct from (excluded.cron, excluded.payload)`.execute(db)
  await sql`
    delete from schedules s
    where s.job = ${job} and s.id like 'subscription.%' and not exists (
      select from report_subscriptions r where s.id = 'subscription.' || r.client_id || '.' || r.id)`.execute(db)
}
