import { workerData } from 'node:worker_threads'

/** A thread beside the work: it ends the process when the parent is gone, even while the work blocks the event loop for ever. */

const LOOK_EVERY_MS = 200

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
}, LOOK_EVERY_MS)
