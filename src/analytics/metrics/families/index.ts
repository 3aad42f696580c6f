import { contacts } from './contacts.ts'
import type { Family } from './family.ts'
import { satisfaction } from './satisfaction.ts'

/** Every family there is, in the order they are rolled up. A new one is a file here and a line below. */
export const FAMILIES: readonly Family[] = [contacts, satisfaction]
