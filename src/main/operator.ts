import { userInfo } from 'node:os'

/** Who acts when the command line does, for the ledger and the audit log. */
export const OPERATOR = `${userInfo().username} (command line)`
