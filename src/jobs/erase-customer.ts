import { z } from 'zod'
import { eraseCustomer as erase } from '../privacy/index.ts'
import { defineJob } from '../queues/for-jobs.ts'
import { MINUTE_MS } from '../time.ts'
import { clientId } from './client-day.ts'
import type { JobTools } from './job-tools.ts'

/** The id of the erasure: which customer it is about stands in the erasure alone, and only until it is done. */
const payload = z.strictObject({ clientId, erasureId: z.uuid() })

export const eraseCustomer = defineJob<z.output<typeof payload>, JobTools>({
  name: 'erase-customer',
  summary: 'Erases one customer of a client everywhere, and proves it; roll-ups stay.',
  // Long, and somebody's own doing: the night does not wait behind it, and it waits behind no file.
  queue: 'erasures',
  payload,
  key: ({ clientId, erasureId }) => `${clientId}.${erasureId}`,
  client: ({ clientId }) => clientId,
  night: () => null,
  window: () => null,
  schedule: null,
  after: () => [],
  retry: { attempts: 8, delayMs: 30_000, maxDelayMs: 1_800_000 },
  timeoutMs: 30 * MINUTE_MS,
  memoryMaxMb: null,
  async run(payload, { database, storage, signal, log }) {
    const { rowCounts, files } = await erase({ database, storage, signal }, payload)
    log.info(
      {
        erasure: payload.erasureId,
        row_counts: rowCounts,
        unread: { reports: files?.reports.unread.length, imports: files?.imports.unread.length },
      },
      `erased a customer: ${Object.values(rowCounts).reduce((sum, rows) => sum + rows, 0)} rows, ${files?.reports.deleted.length ?? 0} reports, ${files?.imports.deleted.length ?? 0} uploads`,
    )
  },
})
