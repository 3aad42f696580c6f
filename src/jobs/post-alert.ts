import { z } from 'zod'
import { postAlerts } from '../alerts/index.ts'
import { defineJob } from '../queues/for-jobs.ts'
import { MINUTE_MS } from '../time.ts'
import type { JobTools } from './job-tools.ts'

const payload = z.strictObject({ postId: z.uuid() })
const TRIES_MAX = 8

export const postAlert = defineJob<z.output<typeof payload>, JobTools>({
  name: 'post-alert',
  summary: 'Tells one receiver of an alert, or of several that came at once, by mail or webhook.',
  queue: 'deliveries',
  payload,
  key: ({ postId }) => `system.${postId}`,
  client: () => null,
  night: () => null,
  window: () => null,
  schedule: null,
  after: () => [],
  retry: { attempts: TRIES_MAX, delayMs: 15_000, maxDelayMs: 1_800_000 },
  timeoutMs: MINUTE_MS,
  memoryMaxMb: null,
  run: ({ postId }, { database, mail, ...context }) =>
    postAlerts(postId, { ...context, db: database.system, publicUrl: mail.publicUrl, triesMax: TRIES_MAX }),
})
