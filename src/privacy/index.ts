/** The face of privacy: erasing one customer of a client, and the proof of it. */
export { type Erasure, eraseCustomer, readErasure, recordErasure, rowsToErase } from './erase-customer.ts'
export type { ErasedFiles } from './erase-files.ts'
export { countCustomerRows, findMentions, type Search } from './mentions.ts'
