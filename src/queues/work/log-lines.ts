import { sql } from 'kysely'
import type { SystemDatabase } from '../../db/database.ts'
import { messageOf } from '../../errors.ts'
import type { LineSink, Log } from '../../log.ts'
import { SECOND_MS, systemClock } from '../../time.ts'

export type LogLine = { line: number; at: string; level: string; message: string }

const LINES_MAX = 200
/** More of the words of an error or a line is not kept. */
export const MESSAGE_CHARS_MAX = 1_000
const FLUSH_EVERY_MS = 2 * SECOND_MS

/** Keeps what an attempt logs, up to a bound; what was cut says so. */
export function keepLines(lines: LogLine[]): LineSink {
  return ({ level, message }) => {
    if (lines.length >= LINES_MAX) return
    const isLast = lines.length === LINES_MAX - 1
    const text = isLast ? 'further lines are only in the log of the process' : cut(message)
    lines.push({ line: lines.length + 1, at: systemClock().toString(), level, message: text })
  }
}

function cut(message: string): string {
  const plain = plainText(message, MESSAGE_CHARS_MAX)
  return message.length <= MESSAGE_CHARS_MAX ? plain : `${plain.slice(0, -1).toWellFormed()}…`
}

/** What the database can hold of a text from anywhere: no NUL, and no half of a character that the cut would leave. */
export function plainText(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).toWellFormed().replaceAll('\0', '\uFFFD')
}

/**
 * Writes what an attempt has logged so far, every few seconds, for whoever looks at it meanwhile and for when its
 * worker dies. Its end writes all lines, and leaves those that are there. Returns how to stop.
 */
export function flushLines(
  db: SystemDatabase,
  run: { id: string; attempt: number },
  lines: readonly LogLine[],
  log: Log,
): () => void {
  let written = 0
  let busy = false
  const flush = async () => {
    if (busy || lines.length === written) return
    busy = true
    const upTo = lines.length
    try {
      await writeLines(db, run, lines.slice(written, upTo))
      written = upTo
    } catch (error) {
      // Decoration: the end of the attempt writes them all.
      log.debug({ run_id: run.id }, `its lines cannot be written yet: ${messageOf(error)}`)
    }
    busy = false
  }
  const timer = setInterval(() => void flush(), FLUSH_EVERY_MS)
  return () => clearInterval(timer)
}

/** Nothing for an attempt that has ended or lost its claim. */
async function writeLines(
  db: SystemDatabase,
  { id, attempt }: { id: string; attempt: number },
  lines: readonly LogLine[],
): Promise<void> {
  await sql`
    insert into run_logs (run_id, attempt, line, at, level, message)
    select r.id, r.attempt, l.line, l.at, l.level, l.message
    from runs r, jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as l (line integer, at timestamptz, level text, message text)
    where r.id = ${id} and r.attempt = ${attempt} and r.state = 'running'
    on conflict do nothing`.execute(db)
}
