import { z } from 'zod'
import { followDownloadLink } from '../../reports/deliver/links.ts'
import { defineEndpoint } from '../endpoint.ts'
import { HttpError, notFound } from '../problem.ts'
import { sendFile } from '../send-file.ts'
import { nothing } from './address.ts'

export const mailedToken = z.strictObject({ token: z.string().regex(/^[A-Za-z0-9_-]{20,100}$/, 'is no token of ours') })

export const followLink = defineEndpoint({
  method: 'get',
  path: '/d/:token',
  group: 'Mail',
  summary: 'The file a mailed link leads to. Needs no sign-in: the link itself is the right to it, until it expires.',
  role: 'public',
  scope: 'client',
  cost: 'dear',
  params: mailedToken,
  query: nothing,
  statuses: [200, 302],
  reply: { mediaTypes: ['*/*'] },
  async handle({ params }, { board }) {
    const target = await followDownloadLink(board.database.system, params.token)
    if (target === 'unknown') throw notFound('This link leads nowhere: it was cut off, or the report was deleted.')
    if (target === 'expired') {
      throw new HttpError(410, 'link-expired', 'This link has expired or was revoked. Ask for the report again.')
    }
    const { clientId, executionId, format } = target
    board.log.info({ client: clientId, execution: executionId, format }, `a mailed link to ${format} was followed`)
    return sendFile(board.storage, target, 'download')
  },
})
