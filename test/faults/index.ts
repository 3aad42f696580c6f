import { nodesBootTogether } from './boot-together.ts'
import { connectionsKilled } from './connections-killed.ts'
import { everyZone } from './every-zone.ts'
import type { Fault } from './fault.ts'
import { halfOpen } from './half-open.ts'
import { killWorkers } from './kill-workers.ts'
import { oneBigClient } from './one-big-client.ts'
import { poisonJob } from './poison.ts'
import { postgresStopped } from './postgres-stopped.ts'
import { queueLost } from './queue-lost.ts'
import { sameTrigger } from './same-trigger.ts'
import { schedulerDown } from './scheduler-down.ts'
import { sigterm } from './sigterm.ts'
import { smtpAnswers } from './smtp-answers.ts'
import { storeAnswers } from './store-answers.ts'

/** Every fault there is, in the order of the table. A new one is a file here and a line below. */
export const faults: readonly Fault[] = [
  killWorkers,
  sigterm,
  postgresStopped,
  connectionsKilled,
  queueLost,
  halfOpen,
  smtpAnswers,
  storeAnswers,
  poisonJob,
  schedulerDown,
  nodesBootTogether,
  everyZone,
  oneBigClient,
  sameTrigger,
]
