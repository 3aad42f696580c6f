import { testFaults } from '../faults/fault-suite.ts'
import { attacks } from './index.ts'

/** The short sizes of every attack. The long ones: `npm run hostile`. */
testFaults(attacks)
