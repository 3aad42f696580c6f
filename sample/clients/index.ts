import type { SampleClient } from '../sample-client.ts'
import { harborPine } from './harbor-pine.ts'
import { morgenrot } from './morgenrot.ts'
import { nilkantha } from './nilkantha.ts'

/** The sample businesses, in the order they are loaded. */
export const sampleClients: readonly SampleClient[] = [morgenrot, harborPine, nilkantha]
