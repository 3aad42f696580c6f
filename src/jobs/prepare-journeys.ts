import { prepareJourneys as prepare } from '../analytics/journeys/index.ts'
import { defineJob } from '../queues/for-jobs.ts'
import { MINUTE_MS } from '../time.ts'
import type { ClientDay } from './client-day.ts'
import type { JobTools } from './job-tools.ts'
import { nightly } from './nightly.ts'

export const prepareJourneys = defineJob<ClientDay, JobTools>({
  ...nightly,
  name: 'prepare-journeys',
  summary:
    'Answers the funnels, cohorts, attribution and lifetime values that pages ask for every day, so that none waits for them.',
  queue: 'predictions',
  timeoutMs: 15 * MINUTE_MS,
  async run(payload, { db, commit, signal, log }) {
    const prepared = await prepare(db, { ...payload, signal })
    await commit((tx) => prepared.store(tx))
    log.info(`prepared ${prepared.answers} answers on journeys`)
  },
})
