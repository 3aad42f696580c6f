import { type JobSchedule, on } from '../queues/for-jobs.ts'
import { addDays, dayBefore, HOUR_MS } from '../time.ts'
import { type ClientDay, clientDay } from './client-day.ts'
import { rollUpDay } from './roll-up-day.ts'

const schedule: JobSchedule<ClientDay> = {
  cron: '10 0 * * *',
  zone: 'client',
  scope: 'client',
  // Of nights that did not run only the last is made up for: it reads all history, and what it makes is of use today.
  catchUp: 'latest',
  catchUpWithinMs: null,
  lateAfterMs: 3 * HOUR_MS,
  overlap: 'queue',
  payload: (dueAt, client) => ({ clientId: client.id, day: dayBefore(dueAt, client.timeZone) }),
}

/** What all jobs share that make something of a client's history each night, after its last day was rolled up. */
export const nightly = {
  payload: clientDay,
  key: ({ clientId, day }: ClientDay) => `${clientId}.${day}`,
  client: ({ clientId }: ClientDay) => clientId,
  night: ({ day }: ClientDay) => day,
  window: ({ day }: ClientDay) => ({ from: day, to: addDays(day, 1) }),
  schedule,
  after: (payload: ClientDay) => [on(rollUpDay, payload)],
  retry: { attempts: 3, delayMs: 10_000, maxDelayMs: 300_000 },
  memoryMaxMb: null,
}
