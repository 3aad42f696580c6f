import { refreshTiers as refresh } from '../analytics/segments/index.ts'
import { defineJob } from '../queues/for-jobs.ts'
import { MINUTE_MS } from '../time.ts'
import type { ClientDay } from './client-day.ts'
import type { JobTools } from './job-tools.ts'
import { nightly } from './nightly.ts'

export const refreshTiers = defineJob<ClientDay, JobTools>({
  ...nightly,
  name: 'refresh-tiers',
  summary: 'Puts every customer into one of the five behavioural tiers, as of one local day.',
  queue: 'segments',
  timeoutMs: 3 * MINUTE_MS,
  async run(payload, { commit }) {
    await commit(async (tx) => {
      await refresh(tx, payload)
    })
  },
})
