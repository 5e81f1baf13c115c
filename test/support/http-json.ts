/** The answer was not 2xx. */
export class HttpStatusError extends Error {
  readonly status: number
  readonly body: string

  constructor(method: string, url: string, status: number, body: string) {
    super(`${method} ${url} answered ${status}: ${body.slice(0, 500)}`)
    this.name = 'HttpStatusError'
    this.status = status
    this.body = body
  }
}

export interface JsonRequest {
  readonly method?: string
  /** Sent as `authorization: Bearer …`. */
  readonly token?: string
  /** Sent as JSON. */
  readonly body?: unknown
}

/** The body of a 2xx answer. Throws HttpStatusError for any other. */
export async function getText(url: string, request: JsonRequest = {}): Promise<string> {
  const { method = 'GET', token, body } = request
  const headers: Record<string, string> = {}
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await response.text()
  if (!response.ok) throw new HttpStatusError(method, url, response.status, text)
  return text
}

export async function getJson(url: string, request: JsonRequest = {}): Promise<unknown> {
  return JSON.parse(await getText(url, request))
}

export async function postJson(url: string, body: unknown, request: JsonRequest = {}): Promise<unknown> {
  return await getJson(url, { method: 'POST', body, ...request })
}
