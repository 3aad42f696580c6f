import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { clientRole } from '../../src/db/client-login.ts'
import { freePort } from '../../src/db/embedded-server.ts'
import { asOwner, databaseUrl } from '../support/postgres.ts'
import { type DataFolder, interruptDaybreak, makeDataFolder, runDaybreak, type Settings } from '../support/program.ts'
import { createTestDatabase } from '../support/test-database.ts'

/**
 * A start that fails says why in one line and ends with 1, so that whoever looks after it starts it again; nothing
 * keeps it.
 */

const { url } = await createTestDatabase()
const folders: DataFolder[] = []
const servers: Server[] = []
const limited: string[] = []

afterAll(async () => {
  for (const server of servers) server.close()
  for (const folder of folders) await folder.remove()
  await asOwner(url, async (owner) => {
    for (const name of limited) {
      await owner.query(`drop database ${name} with (force)`)
      await owner.query(`drop role if exists ${clientRole(name)}`)
      await owner.query(`drop role ${name}`)
    }
  })
})

async function settings(change: Settings = {}): Promise<Settings & { DATA_DIR: string }> {
  const folder = await makeDataFolder()
  folders.push(folder)
  return { DATABASE_URL: url, DATA_DIR: folder.path, PORT: '0', LOG_LEVEL: 'error', ...change }
}

async function listen(answer: (say: (bytes: Buffer) => void) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    answer((bytes) => socket.write(bytes))
  })
  servers.push(server)
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port)))
}

/** As PostgreSQL's protocol says it. */
function refusal(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

const to = (port: number) => `postgres://daybreak:x@127.0.0.1:${port}/daybreak`

/** A database of its own, whose owner has what README.md asks for and this many connections. */
async function limitedDatabase(connections: number): Promise<string> {
  const name = `daybreak_limited_${randomBytes(4).toString('hex')}`
  await asOwner(url, async (owner) => {
    await owner.query(`create role ${name} login password 'x' createrole connection limit ${connections}`)
    await owner.query(`grant ${name} to current_user; grant daybreak_client to ${name} with admin option`)
    await owner.query(`create database ${name} owner ${name}`)
  })
  limited.push(name)
  const address = new URL(databaseUrl(url, name))
  address.username = name
  address.password = 'x'
  return address.href
}

const CAUSES: Record<string, { change(): Promise<Settings>; says: RegExp; commands?: string[] }> = {
  'a pooler refuses a parameter': {
    change: async () =>
      settings({
        DATABASE_URL: to(await listen((say) => say(refusal('08P01', 'unsupported startup parameter: options')))),
      }),
    says: /A pooler .* refuses .*unsupported startup parameter: options/,
    commands: ['start', 'migrate', 'doctor', 'client list'],
  },
  'no connections are left': {
    change: async () =>
      settings({
        DATABASE_URL: to(await listen((say) => say(refusal('53300', 'too many connections for role "daybreak"')))),
      }),
    says: /too many connections for role/,
    commands: ['start', 'migrate', 'doctor'],
  },
  'nobody listens for the database': {
    change: async () => settings({ DATABASE_URL: to(await freePort()) }),
    says: /database cannot be reached/,
    commands: ['start'],
  },
  'the outbox cannot be used': {
    change: async () => {
      const made = await settings()
      await writeFile(join(made.DATA_DIR, 'outbox'), 'a file')
      return made
    },
    says: /outbox/,
    commands: ['start', 'migrate', 'doctor'],
  },
  'the storage cannot be used': {
    change: async () => {
      const made = await settings()
      await writeFile(join(made.DATA_DIR, 'reports'), 'a file')
      return made
    },
    says: /reports/,
    commands: ['start', 'doctor'],
  },
  'the port is taken': {
    change: async () => settings({ PORT: String(await listen(() => {})) }),
    says: /EADDRINUSE|in use|taken/,
    commands: ['start'],
  },
}

const CASES = Object.entries(CAUSES).flatMap(([cause, { commands = ['start'], ...more }]) =>
  commands.map((command) => ({ cause, command, ...more })),
)

test.each(CASES)('$cause: $command', async ({ command, change, says }) => {
  const { code, out, err } = await runDaybreak(command.split(' '), await change())
  expect({ code, said: out + err }).toEqual({ code: 1, said: expect.stringMatching(says) })
})

test.each([1, 2, 3])('connections run out in earnest, with %i', async (connections) => {
  const ended = await runDaybreak(['start'], await settings({ DATABASE_URL: await limitedDatabase(connections) }))
  expect(ended).toMatchObject({ code: 1, err: expect.stringMatching(/too many connections for role/) })
})

test.each(['start', 'migrate', 'doctor'])('told to stop while it waits for a server, %s stops', async (command) => {
  // Takes the connection and never answers.
  const port = await listen(() => {})
  const waiting = await settings({ DATABASE_URL: to(port) })
  const connected = new Promise<void>((done) => servers.at(-1)?.once('connection', () => done()))
  const ended = await interruptDaybreak(command.split(' '), waiting, connected)
  expect(ended).toMatchObject({ code: command === 'doctor' ? 1 : 130 })
})
