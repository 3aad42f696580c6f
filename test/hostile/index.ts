import type { Fault } from '../faults/fault.ts'
import { brokenBodies } from './broken-bodies.ts'
import { files } from './files.ts'
import { floodsOfEach } from './floods-of-each.ts'
import { forgedWrites } from './forged-writes.ts'
import { fuzzApi } from './fuzz-api.ts'
import { fuzzPages } from './fuzz-pages.ts'
import { matrix } from './matrix.ts'
import { multipart } from './multipart.ts'
import { otherTenants } from './other-tenants.ts'
import { rawHttp } from './raw-http.ts'
import { signIns } from './sign-ins.ts'

/** Every attack there is, in the order of the table. A new one is a file here and a line below. */
export const attacks: readonly Fault[] = [
  matrix,
  otherTenants,
  forgedWrites,
  signIns,
  fuzzApi,
  fuzzPages,
  multipart,
  brokenBodies,
  rawHttp,
  files,
  floodsOfEach,
]
