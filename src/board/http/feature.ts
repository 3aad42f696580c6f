import type { Notices, Place } from '../ui/place.ts'
import type { Endpoint } from './endpoint.ts'
import type { Route } from './routes.ts'

/**
 * All that the board shows and does about one subject: a folder of its own, and one line in features.ts. Nothing is
 * defaulted.
 */
export type Feature = {
  endpoints: readonly Endpoint[]
  /** Pages and their forms. */
  pages: readonly Route[]
  /** Where it stands in the menu; null: its pages are reached from others. */
  place: Place | null
  /** What a page says after one of its forms did its work. */
  notices: Notices
}
