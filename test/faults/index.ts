import { badJob } from './bad-job.ts'
import { nodesBootTogether } from './boot-together.ts'
import { connectionsKilled } from './connections-killed.ts'
import { everyZone } from './every-zone.ts'
import type { Fault } from './fault.ts'
import { halfOpen } from './half-open.ts'
import { killAfter250 } from './kill-after-250.ts'
import { killTheNight } from './kill-the-night.ts'
import { killWorkers } from './kill-workers.ts'
import { oneBigClient } from './one-big-client.ts'
import { poisonJob } from './poison.ts'
import { postgresStopped } from './postgres-stopped.ts'
import { queueLost } from './queue-lost.ts'
import { sameTrigger } from './same-trigger.ts'
import { schedulerDown } from './scheduler-down.ts'
import { sigterm } from './sigterm.ts'
import { smtpAnswers } from './smtp-answers.ts'
import { stopAfterData } from './stop-after-data.ts'
import { storeAnswers } from './store-answers.ts'
import { wrongClock } from './wrong-clock.ts'

/** Every fault there is, in the order of the table. A new one is a file here and a line below. */
export const faults: readonly Fault[] = [
  killWorkers,
  killTheNight,
  killAfter250,
  stopAfterData,
  sigterm,
  postgresStopped,
  connectionsKilled,
  queueLost,
  halfOpen,
  smtpAnswers,
  storeAnswers,
  wrongClock,
  poisonJob,
  schedulerDown,
  nodesBootTogether,
  everyZone,
  badJob,
  oneBigClient,
  sameTrigger,
]
