import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { DataPlane } from '../../src/dataplane/data-plane.ts'
import { LinkedList } from '../../src/dataplane/linked-list.ts'
import { ClientConnection } from '../../src/dataplane/http/client-connection.ts'
import { connectRaw, type RawClient } from './raw-client.ts'

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
