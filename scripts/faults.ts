import { faults } from '../test/faults/index.ts'
import { runFaultCommand } from './fault-command.ts'

/** `npm run faults`: lets every fault happen in its long size, on both backends, and says which marks held. */
const about = 'Lets faults happen to real processes, a real database, mail server and object store, and says what held.'
await runFaultCommand({ command: 'faults', path: 'docs/reliability.md', about, faults }, process.argv.slice(2))
