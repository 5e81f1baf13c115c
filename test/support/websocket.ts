import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocket, WebSocketServer, type ClientOptions, type RawData, type ServerOptions as WsOptions } from 'ws'
import { within } from './within.ts'

/** A WebSocket server of the `ws` package on 127.0.0.1, as a streaming model server would use it. */
export interface WsUpstream {
  readonly url: string
  readonly server: WebSocketServer
  /** Open connections. */
  readonly clients: ReadonlySet<WebSocket>
  /** The next connection that is opened. */
  next(): Promise<{
    socket: WebSocket
    headers: Readonly<Record<string, string | string[] | undefined>>
    target: string
    /** What the server itself has read of it, whatever it makes of that. */
    connection: Socket
  }>
  stop(): Promise<void>
}

/** `options` are those of `ws`; `tls` makes it wss. Sends back every message, like it came, unless told otherwise. */
export async function startWsUpstream(
  options: Omit<WsOptions, 'port' | 'server' | 'noServer'> & {
    readonly echo?: boolean
    readonly tls?: ServerOptions
  } = {},
): Promise<WsUpstream> {
  const { echo = true, tls, ...wsOptions } = options
  const http: Server = tls === undefined ? createServer() : createTlsServer(tls)
  http.on('request', (_request, response) => response.writeHead(426, { upgrade: 'websocket' }).end())
  const server = new WebSocketServer({ server: http, maxPayload: 64 * 1024 * 1024, ...wsOptions })
  server.on('connection', socket => {
    socket.on('error', () => {})
    if (echo) socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    server,
    clients: server.clients,
    next: () =>
      new Promise(resolve => {
        server.once('connection', (socket, request) =>
          resolve({ socket, headers: request.headers, target: request.url ?? '', connection: request.socket }),
        )
      }),
    stop: async () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
      http.closeAllConnections()
      await new Promise(resolve => http.close(resolve))
    },
  }
}

/** Opens a WebSocket. Rejects when the handshake is answered otherwise. */
export async function openWebSocket(
  url: string,
  options: ClientOptions = {},
  protocols: string[] = [],
): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { maxPayload: 64 * 1024 * 1024, ...options })
  await within(once(socket, 'open'), 5000, 'the WebSocket did not open')
  socket.on('error', () => {})
  return socket
}

/** The answer to a handshake that was refused. */
export async function refusedHandshake(
  url: string,
  options: ClientOptions = {},
): Promise<{ status: number; headers: Readonly<Record<string, string | string[] | undefined>>; body: string }> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), options)
  const refused = new Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: string }>(
    (resolve, reject) => {
      socket.on('open', () => reject(new Error('the WebSocket opened')))
      socket.on('error', reject)
      socket.on('unexpected-response', (_request, response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => (body += piece))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
        response.on('error', reject)
      })
    },
  )
  return await within(refused, 10_000, 'the handshake was not answered')
}

/** The next message, as bytes. */
export async function nextMessage(socket: WebSocket, timeoutMs = 10_000): Promise<{ data: Buffer; binary: boolean }> {
  const [data, binary] = (await within(once(socket, 'message'), timeoutMs, 'no message came')) as [RawData, boolean]
  return { data: data as Buffer, binary }
}

/** The close that ends a WebSocket: its code and reason. */
export async function closeOf(socket: WebSocket, timeoutMs = 10_000): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await within(once(socket, 'close'), timeoutMs, 'the WebSocket did not close')) as [
    number,
    Buffer,
  ]
  return { code, reason: reason.toString() }
}
