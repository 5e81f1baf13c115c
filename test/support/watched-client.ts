import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { DataPlane } from '../../src/dataplane/data-plane.ts'
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
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = await connectRaw((server.address() as AddressInfo).port, { allowHalfOpen: true })
  const [socket] = await accepted
  const connection = new ClientConnection(plane, socket)
  server.close()
  return { client, socket: connection.socket }
}
