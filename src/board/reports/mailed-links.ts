import { z } from 'zod'
import { followDownloadLink } from '../../reports/deliver/links.ts'
import { nothing } from '../http/address.ts'
import { defineEndpoint } from '../http/endpoint.ts'
import { HttpError, notFound } from '../http/problem.ts'
import { recordFile } from '../http/record-write.ts'
import { sendFile } from '../http/send-file.ts'

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
  async handle({ params }, context) {
    const { board } = context
    const found = await followDownloadLink(board.database.system, params.token)
    if (found === 'unknown') throw notFound('This link leads nowhere: it was cut off, or the report was deleted.')
    if (found === 'expired') {
      throw new HttpError('link-expired', 'This link has expired or was revoked. Ask for the report again.')
    }
    const { clientId, executionId, format } = found
    const target = `report:${executionId}.${format}`
    await recordFile(context, { action: 'follow-link', target, clientId })
    board.log.info({ client: clientId, execution: executionId, format }, `a mailed link to ${format} was followed`)
    return sendFile(board.storage, found, 'download')
  },
})
