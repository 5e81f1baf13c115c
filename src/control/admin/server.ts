import { timingSafeEqual, createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { Reloader } from '../reload.ts'
import type { ControlState } from '../state.ts'
import type { RolloutDriver } from '../rollout-driver.ts'
import type { AdminAnswer, AdminStream } from './answers.ts'
import { ADMIN_ROUTES, type AdminRoute } from './routes.ts'

/** The admin address: JSON for people and CI, text for Prometheus. On the control thread, away from the data plane. */
export class AdminServer {
  /** Set once there is something to reload. */
  reloader: Reloader | null = null
  rollouts: RolloutDriver | null = null
  readonly #state: ControlState
  readonly #metrics: Metrics
  readonly #log: Log
  readonly #server = createServer((request, response) => void this.#serve(request, response))

  constructor(state: ControlState, metrics: Metrics, log: Log) {
    this.#state = state
    this.#metrics = metrics
    this.#log = log
  }

  /** @returns the URL. Rejects with the socket error. */
  listen(host: string, port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        const address = this.#server.address() as AddressInfo
        const name = address.family === 'IPv6' ? `[${address.address}]` : address.address
        resolve(`http://${name}:${address.port}`)
      })
    })
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#state.events.close()
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request).catch((error: Error): AdminAnswer => {
      this.#log.error('admin request failed', { url: request.url ?? '', reason: error.message })
      return { status: 500, body: { error: 'the request failed; see the log' } }
    })
    if ('stream' in answer) return stream(answer, request, response)
    send(answer, request, response)
  }

  async #answer(request: IncomingMessage): Promise<AdminAnswer | AdminStream> {
    // Behind a host of ours any target parses, also one like `//`, and none can name another host.
    const url = new URL(`http://admin${request.url ?? '/'}`)
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const matches = ADMIN_ROUTES.map(route => ({ route, id: matchPath(route.path, url.pathname) })).filter(
      m => m.id !== null,
    )
    if (matches.length === 0) return { status: 404, body: { error: `nothing at ${url.pathname}` } }
    const match = matches.find(m => m.route.method === method)
    if (match === undefined) {
      const allow = matches.map(m => m.route.method).join(', ')
      return { status: 405, body: { error: `${request.method} is not allowed here` }, headers: { allow } }
    }
    if (!this.#allowed(match.route, request)) {
      const error = 'this needs the header "authorization: Bearer <admin.token>"'
      return { status: 401, body: { error }, headers: { 'www-authenticate': 'Bearer' } }
    }
    if (method === 'POST' && isOfAnotherSite(request)) {
      return { status: 403, body: { error: 'a page of another site asked for this change' } }
    }
    const asked = { id: match.id ?? '', query: url.searchParams }
    const context = { state: this.#state, metrics: this.#metrics, log: this.#log }
    const actors = { reloader: this.reloader, rollouts: this.rollouts }
    return match.route.answer({ ...context, ...actors }, { ...asked, body: await readBody(request) })
  }

  #allowed(route: AdminRoute, request: IncomingMessage): boolean {
    const { token } = this.#state.snapshot.admin
    if (token === null || route.open) return true
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    return timingSafeEqual(digest(given), digest(token))
  }
}

/**
 * Any page in the browser of somebody who can reach this address can have a POST sent here, also to loopback, where there is
 * no token. Browsers say of whom: programs send no `origin`.
 */
function isOfAnotherSite({ headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

function send(answer: AdminAnswer, request: IncomingMessage, response: ServerResponse): void {
  const text = typeof answer.body === 'string' ? answer.body : `${JSON.stringify(answer.body)}\n`
  response.writeHead(answer.status, {
    'content-type': answer.type ?? 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
    ...answer.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

/** A HEAD asks for no stream: its answer would be a connection that tells nothing. */
function stream({ stream }: AdminStream, request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'HEAD') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).end()
  } else if (!stream(response)) {
    send({ status: 503, body: { error: 'too many listeners: close one and come back' } }, request, response)
  }
}

/** Changes are a few fields; what is longer is none of ours. */
const BODY_BYTES = 64 * 1024

/** undefined: no body, or not JSON, or too long. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= BODY_BYTES) chunks.push(chunk)
  }
  try {
    return bytes > BODY_BYTES ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** The `{id}` or `{route}` segment, '' for a path without one, null when the path is another. */
function matchPath(pattern: string, path: string): string | null {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return null
  let id = ''
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '{id}' || wanted[i] === '{route}') id = decode(given[i] as string)
    else if (wanted[i] !== given[i]) return null
  }
  return id
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
