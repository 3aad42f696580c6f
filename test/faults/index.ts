import type { Fault } from './fault.ts'
import { sameTrigger } from './same-trigger.ts'

/** Every fault there is, in the order of the table. A new one is a file here and a line below. */
export const faults: readonly Fault[] = [sameTrigger]
