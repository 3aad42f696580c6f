import { enableCompileCache } from 'node:module'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

/**
 * Loaded into a child before anything else. Its words are the parent's process id and a folder, or none. A thread
 * beside the work ends the process when the parent is gone, even while the work blocks the event loop for ever. What
 * the folder holds need not be compiled again: half of a child's start, a fifth of its memory.
 */

const LOOK_EVERY_MS = 200

if (isMainThread) {
  // Ctrl-C and systemd tell every process of the group; the worker decides what becomes of its runs.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {})
  const [parent, folder] = process.argv.slice(2)
  const watch = new Worker(new URL(import.meta.url), { workerData: Number(parent), execArgv: [] })
  watch.unref()
  if (folder !== undefined && folder !== '') enableCompileCache(folder)
} else {
  setInterval(() => {
    if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
  }, LOOK_EVERY_MS)
}
