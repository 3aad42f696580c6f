import type { Fault } from '../faults/fault.ts'
import { matrix } from './matrix.ts'

/** Every attack there is, in the order of the table. A new one is a file here and a line below. */
export const attacks: readonly Fault[] = [matrix]
