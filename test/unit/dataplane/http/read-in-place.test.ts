import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readInPlace } from '../../../../src/dataplane/http/read-in-place.ts'
import { hear } from '../../../../src/dataplane/http/client-socket.ts'
import { eventually } from '../../../support/within.ts'

let server: Server
let client: Socket
let accepted: Socket
let isInPlace: boolean
let views: Buffer[]
let text: string

beforeEach(async () => {
  views = []
  text = ''
  const taken = Promise.withResolvers<Socket>()
  server = createServer({ allowHalfOpen: true }, socket => {
    hear(socket, {
      onSocketBytes: view => {
        views.push(view)
        text += view.toString('latin1')
        return true
      },
      onSocketEnd: () => {},
      onSocketDrain: () => {},
      onSocketClosed: () => {},
    })
    isInPlace = readInPlace(socket)
    taken.resolve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  accepted = await taken.promise
})
afterEach(async () => {
  client.destroy()
  accepted.destroy()
  server.close()
  await once(server, 'close')
})

describe('a client that is read in place', () => {
  test('gives all its bytes as views of one buffer, and then its end', async () => {
    // On the Node that the project brings; on another one it may be false, and clients are read as streams.
    expect(isInPlace).toBe(true)
    const ended = once(accepted, 'end')
    client.write('first,')
    await eventually(() => (text === 'first,' ? true : undefined), 2_000)
    client.end('second')
    await ended
    expect(text).toBe('first,second')
    expect(new Set(views.map(view => view.buffer)).size).toBe(1)
    expect(views.map(view => view.byteOffset)).toEqual(views.map(() => 0))
  })

  test('is not read while it is paused', async () => {
    accepted.pause()
    client.write('x')
    await sleep(50)
    expect(text).toBe('')
    accepted.resume()
    await eventually(() => (text === 'x' ? true : undefined), 2_000)
    accepted.pause()
    client.write('y')
    await sleep(50)
    expect(text).toBe('x')
  })

  test('can be answered, and closes once', async () => {
    let closes = 0
    accepted.on('close', () => closes++)
    accepted.end('answer')
    expect(String((await once(client, 'data'))[0])).toBe('answer')
    client.end()
    await once(accepted, 'close')
    expect(closes).toBe(1)
  })
})
