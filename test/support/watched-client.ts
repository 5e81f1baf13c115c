import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { DataPlane } from '../../src/dataplane/data-plane.ts'
import { LinkedList } from '../../src/dataplane/linked-list.ts'
import { ClientConnection } from '../../src/dataplane/http/client-connection.ts'
import { loadText } from '../unit/config/routing-files.ts'
import { InProcessPlane } from './in-process-plane.ts'
import { connectRaw, type RawClient } from './raw-client.ts'
import { startUpstream, type UpstreamHandler, type UpstreamServer } from './upstream-server.ts'

/** A client, and the proxy's own side of its connection on the thread of the test: what has not left it yet can be seen. */
export interface WatchedClient {
  readonly client: RawClient
  /** The proxy's. */
  readonly socket: Socket
}

/** Accepts one connection as the listener does. */
export async function connectWatched(plane: DataPlane): Promise<WatchedClient> {
  const server = createServer({ noDelay: true, allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = Promise.withResolvers<ClientConnection>()
  server.once('connection', (socket: Socket) => {
    accepted.resolve(new ClientConnection(plane, socket, new LinkedList()))
  })
  const client = await connectRaw((server.address() as AddressInfo).port, { allowHalfOpen: true })
  const connection = await accepted.promise
  server.close()
  return { client, socket: connection.socket }
}

/** A watched client of a proxy with one route, and the model server behind it. */
export interface WatchedRoute extends WatchedClient {
  readonly plane: DataPlane
  readonly upstream: UpstreamServer
  stop(): Promise<void>
}

export async function watchRoute(handler: UpstreamHandler): Promise<WatchedRoute> {
  const upstream = await startUpstream(handler)
  const proxy = await InProcessPlane.start(
    loadText(`listen: 127.0.0.1:0
upstreams: { v1: "${upstream.url}" }
routes: [{ name: r, primary: v1 }]
`),
  )
  const { plane } = proxy
  const watched = await connectWatched(plane)
  return {
    ...watched,
    plane,
    upstream,
    stop: async () => {
      watched.client.destroy()
      proxy.stop()
      await upstream.stop()
    },
  }
}
