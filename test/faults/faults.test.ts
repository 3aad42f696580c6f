import { testFaults } from './fault-suite.ts'
import { faults } from './index.ts'

/** The short sizes of every fault. The long ones: `npm run faults`. */
testFaults(faults)
