import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, glob, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/db/embedded-server.ts'
import { TOOLS_FOLDER, unpackPackage } from './debian-package.ts'

const LOOKS_MAX = 1800
const LOOK_MS = 25

export type Pooler = { url: string; stop(): Promise<void> }

/** Starts a PgBouncer in front of the server of an address, for the accounts of these addresses. */
export async function startPgBouncer(
  urls: { owner: string; others?: string[] },
  settings: Record<string, string>,
): Promise<Pooler> {
  const program = await findProgram()
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-pgbouncer-'))
  const port = await freePort()
  const server = new URL(urls.owner)
  const users = [urls.owner, ...(urls.others ?? [])].map((text) => new URL(text))
  await writeFile(
    join(folder, 'users.txt'),
    users.map(({ username, password }) => `"${username}" "${decodeURIComponent(password)}"\n`).join(''),
  )
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: join(folder, 'users.txt'),
    default_pool_size: 60,
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  const target = `* = host=${server.hostname} port=${server.port}`
  await writeFile(join(folder, 'pgbouncer.ini'), `[databases]\n${target}\n[pgbouncer]\n${lines.join('\n')}\n`)
  await chmod(folder, 0o755)
  // It refuses to be root.
  const account = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn(program.path, ['-q', ...account, join(folder, 'pgbouncer.ini')], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { ...process.env, ...(program.libraries === null ? {} : { LD_LIBRARY_PATH: program.libraries }) },
  })
  await listens(child, port)
  const url = new URL(urls.owner)
  url.port = String(port)
  return {
    url: url.href,
    async stop() {
      if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function listens(child: ChildProcess, port: number): Promise<void> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode} at its start`)
    const socket = connect(port, '127.0.0.1')
    const found = await Promise.race([once(socket, 'connect'), once(socket, 'error')]).then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (found) return
    await sleep(LOOK_MS)
  }
  throw new Error(`pgbouncer does not listen on port ${port}`)
}

async function findProgram(): Promise<{ path: string; libraries: string | null }> {
  const installed = '/usr/sbin/pgbouncer'
  if (await exists(installed)) return { path: installed, libraries: null }
  const folder = join(TOOLS_FOLDER, 'pgbouncer')
  const path = join(folder, 'usr/sbin/pgbouncer')
  if (!(await exists(path)))
    await unpackPackage('pgbouncer', folder, 'The pooler tests need PgBouncer: apt-get install pgbouncer.')
  const [libraries] = await Array.fromAsync(glob('usr/lib/*-linux-gnu', { cwd: folder }))
  return { path, libraries: libraries === undefined ? null : join(folder, libraries) }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
