import { attacks } from '../test/hostile/index.ts'
import { runFaultCommand } from './fault-command.ts'

/** `npm run hostile`: does what somebody who means harm would do, in its long size, and says which marks held. */
const about = 'Attacks the started program as somebody would who means harm and knows how, and says what held.'
await runFaultCommand({ command: 'hostile', path: 'docs/security.md', about, faults: attacks }, process.argv.slice(2))
