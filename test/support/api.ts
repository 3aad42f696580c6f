import { endpoints } from '../../src/board/features.ts'
import { isRaw } from '../../src/board/http/endpoint.ts'

export type ApiAnswer<Body> = { status: number; body: Body; headers: Headers }

/** Asks an endpoint as a program would. What it answers must be what the endpoint declares, or a problem document. */
export async function callApi<Body>(
  url: string,
  request: {
    method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
    path: string
    body?: unknown
    headers: Record<string, string>
  },
): Promise<ApiAnswer<Body>> {
  const { method = 'GET', path, body, headers } = request
  const response = await fetch(url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
  })
  const answer: unknown = await response.json()
  if (response.headers.get('Content-Type')?.startsWith('application/json')) checkReply(method, path, response, answer)
  return { status: response.status, body: answer as Body, headers: response.headers }
}

function checkReply(method: string, path: string, response: Response, answer: unknown): void {
  const { pathname } = new URL(path, 'http://board')
  const endpoint = endpoints.find((each) => each.method === method.toLowerCase() && patternOf(each.path).test(pathname))
  if (!endpoint || isRaw(endpoint.reply)) throw new Error(`${method} ${path} answers JSON and no endpoint declares it`)
  if (!endpoint.statuses.includes(response.status)) throw new Error(`${method} ${path} answered ${response.status}`)
  // Unchanged by its own schema: nothing is missing, nothing is there that is not declared.
  const parsed = JSON.stringify(endpoint.reply.parse(answer))
  if (parsed !== JSON.stringify(answer)) throw new Error(`${method} ${path} answered ${JSON.stringify(answer)}`)
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`)
}
