import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ReaderWatch } from '../../../../src/dataplane/http/reader-watch.ts'
import { eventually } from '../../../support/within.ts'

/** More than the kernel takes for a client that does not read, in one write. */
const WRITTEN = Buffer.alloc(32 * 1024 * 1024)

let server: Server
let client: Socket
let socket: Socket

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  ;[socket] = await accepted
  client.pause()
  socket.write(WRITTEN)
})
afterEach(() => {
  client.destroy()
  socket.destroy()
  server.close()
})

/** Until the kernel has taken as much as it takes. */
async function watchStuck(): Promise<ReaderWatch> {
  const watch = new ReaderWatch(socket)
  await eventually(async () => {
    await sleep(50)
    return !watch.hasRead()
  })
  return watch
}

describe('the watch of a reader', () => {
  test('says that a client has not read, as often as it is asked', async () => {
    const watch = await watchStuck()
    expect([watch.hasRead(), watch.hasRead()]).toEqual([false, false])
  })

  test('says that a client has read, although the write is not over', async () => {
    const watch = await watchStuck()
    client.on('readable', () => client.read())
    await eventually(() => watch.hasRead())
    expect(socket.writableLength).toBe(WRITTEN.length)
  })
})
