import { alertKindNamed } from './kinds/index.ts'

type About = { kind: string; subject: { kind: string; id: string } }

/** Where the board shows what an alert is about. */
export function pageOf({ kind, subject }: About): { label: string; path: string } {
  const page = alertKindNamed(kind)?.page
  return page === undefined
    ? { label: 'The alerts', path: '/alerts' }
    : { label: page.label, path: page.pathOf(subject.id) }
}

/** How the board marks an alert while it is open. */
export function badgeOf({ kind }: About): { state: string; words: string } {
  return alertKindNamed(kind)?.badge ?? { state: 'unknown', words: kind }
}

/** The run that an alert is about, if it is about one. */
export function runOf({ subject }: About): string | null {
  return subject.kind === 'run' ? subject.id : null
}
