import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import S3rver from '@20minutes/s3rver'
import { startFauxqs } from 'fauxqs'

export type S3TestServer = {
  endpoint: string
  bucket: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  stop(): Promise<void>
}

const BUCKET = 'daybreak-test'
const REGION = 'us-east-1'

/** Checks signatures and their expiry, but keeps the parts of an aborted upload. Takes path-style addresses only. */
export async function startS3rver(): Promise<S3TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'daybreak-s3rver-'))
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    resetOnClose: false,
    vhostBuckets: false,
    configureBuckets: [{ name: BUCKET, configs: [] }],
  })
  const { port } = await server.run()
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    region: REGION,
    // The only key s3rver knows.
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
    async stop() {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Does multipart uploads with abort and checksums, but takes any signature. */
export async function startFauxqsStore(): Promise<S3TestServer> {
  const server = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  server.createBucket(BUCKET)
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    bucket: BUCKET,
    region: REGION,
    accessKeyId: 'test',
    secretAccessKey: 'test',
    stop: () => server.stop(),
  }
}
