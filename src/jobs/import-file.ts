import { z } from 'zod'
import { importUpload } from '../ingest/index.ts'
import { defineJob } from '../queues/for-jobs.ts'
import { HOUR_MS, systemClock } from '../time.ts'
import { clientId } from './client-day.ts'
import type { JobTools } from './job-tools.ts'

const payload = z.strictObject({ clientId, importId: z.uuid() })

export const importFile = defineJob<z.output<typeof payload>, JobTools>({
  name: 'import-file',
  summary: 'Brings the rows of an uploaded file in as facts, or says what that would do.',
  // Long, and somebody's own doing: the night does not wait behind it.
  queue: 'imports',
  payload,
  key: ({ clientId, importId }) => `${clientId}.${importId}`,
  client: ({ clientId }) => clientId,
  night: () => null,
  window: () => null,
  schedule: null,
  after: () => [],
  retry: { attempts: 5, delayMs: 10_000, maxDelayMs: 600_000 },
  timeoutMs: HOUR_MS,
  // A file is somebody else's: what it does to the program that reads it, it does to one of its own.
  memoryMaxMb: 768,
  run: ({ importId }, { importFolder, ...context }) =>
    importUpload(importId, { ...context, folder: importFolder, clock: systemClock }),
})
