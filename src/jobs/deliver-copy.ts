import { z } from 'zod'
import { defineJob } from '../queues/for-jobs.ts'
import { deliverCopy as deliver } from '../reports/deliver/deliver-copy.ts'
import { MINUTE_MS } from '../time.ts'
import { clientId } from './client-day.ts'
import type { JobTools } from './job-tools.ts'

const payload = z.strictObject({ clientId, deliveryId: z.uuid() })

export const deliverCopy = defineJob<z.output<typeof payload>, JobTools>({
  name: 'deliver-copy',
  summary: "Mails one recipient's copy of a report.",
  queue: 'deliveries',
  payload,
  key: ({ clientId, deliveryId }) => `${clientId}.${deliveryId}`,
  client: ({ clientId }) => clientId,
  night: () => null,
  window: () => null,
  schedule: null,
  after: () => [],
  retry: { attempts: 8, delayMs: 15_000, maxDelayMs: 1_800_000 },
  timeoutMs: MINUTE_MS,
  memoryMaxMb: null,
  run: ({ deliveryId }, context) => deliver(deliveryId, context),
})
