import type { Access, Scope } from '../../people/roles.ts'
import type { Board, Context } from '../http/context.ts'
import type { IconName } from './icons.ts'

/** A place of the menu, shown to whoever may go there. */
export type Place = {
  href: `/${string}`
  label: string
  icon: IconName
  role: Access
  scope: Scope
  /** Whether this board has it at all. */
  isHere(board: Board): boolean
  /** How many things there need somebody, up to one more than COUNT_MAX; null: nothing there ever does. */
  count: ((db: Context['db']) => Promise<number>) | null
}

/** What a page says after a form did its work, by the name that the form sends on. */
export type Notices = Readonly<Record<string, string>>

/** Nobody needs to know how many more. */
export const COUNT_MAX = 99

export const everywhere = (): boolean => true
