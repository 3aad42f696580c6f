import type { HttpCode } from '../../codes/index.ts'
import type { Actor } from '../../people/audit.ts'
import { recordRepeated } from '../../people/count-audit.ts'
import { type Changed, type Intent, onRecord, type Recorder } from '../../people/on-record.ts'
import { clientId } from './address.ts'
import type { Context } from './context.ts'
import { httpErrorOf } from './problem.ts'

type Visitor = Pick<Context, 'identity' | 'ip'>

/** Who the audit log names. A stranger changes only what a mailed link lets them. */
export function actorOf({ identity, ip }: Visitor): Actor {
  if (identity.kind === 'anonymous') return { kind: 'link', id: '', name: 'mailed link', ip }
  return { kind: identity.kind, id: identity.id, name: identity.name, ip }
}

/** One write of one address, and who it is about as far as the address says. */
export type Write = { method: string; path: string; params: object; client: unknown }

/** Makes a change that a visitor asks for, on record before it begins. */
export function recordWrite<Done extends Changed>(
  context: Context,
  write: Write,
  work: () => Promise<Done>,
): Promise<Done> {
  return onRecord(recorderOf(context), intentOf(context, write), work)
}

function recorderOf(context: Context): Recorder {
  const { board, requestId } = context
  return {
    db: board.database.system,
    actor: actorOf(context),
    failureOf,
    warn: (line) => board.log.error({ request_id: requestId }, line),
  }
}

/** What is refused as wrong has changed nothing; of anything else nobody knows. */
export function failureOf(error: unknown): { code: HttpCode; changedNothing: boolean } {
  const { status, code } = httpErrorOf(error)
  return { code, changedNothing: status < 500 }
}

/** As the address names it; what it does in the board's own words is known when it is done. */
export function intentOf({ identity }: Visitor, { method, path, params, client }: Write): Intent {
  const named = clientId.safeParse(client).data ?? null
  return { action: `${method} ${path}`, target: filled(path, params), clientId: identity.clientId ?? named }
}

/** A secret, and what may name somebody: neither goes on record. */
const UNNAMED = new Set(['token', 'customerId'])

function filled(path: string, params: object): string {
  const values = new Map<string, unknown>(Object.entries(params))
  return path.replaceAll(/:(\w+)/g, (part, name: string) =>
    UNNAMED.has(name) || !values.has(name) ? part : encodeURIComponent(String(values.get(name))),
  )
}

/** Puts on record that a visitor was handed a file. `target` names it by ids, such as `report:0199….pdf`. */
export async function recordFile(
  context: Context,
  {
    action,
    target,
    clientId,
  }: { action: `download-${string}` | 'follow-link'; target: string; clientId: string | null },
): Promise<void> {
  await recordRepeated(context.board.database.system, actorOf(context), { action, target, clientId })
}
