import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readInPlace } from '../../../../src/dataplane/http/read-in-place.ts'
import { eventually } from '../../../support/within.ts'

let server: Server
let client: Socket
let accepted: Socket

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  accepted = ((await once(server, 'connection')) as [Socket])[0]
})
afterEach(async () => {
  client.destroy()
  accepted.destroy()
  server.close()
  await once(server, 'close')
})

describe('a client that is read in place', () => {
  test('gives all its bytes as views of one buffer, and then its end', async () => {
    const views: Buffer[] = []
    let text = ''
    const isInPlace = readInPlace(accepted, view => {
      views.push(view)
      text += view.toString('latin1')
      return true
    })
    // On the Node that the project brings; on another one it may be false, and clients are read as streams.
    expect(isInPlace).toBe(true)
    const ended = once(accepted, 'end')
    accepted.resume()
    client.write('first,')
    await eventually(() => (text === 'first,' ? true : undefined), 2_000)
    client.end('second')
    await ended
    expect(text).toBe('first,second')
    expect(new Set(views.map(view => view.buffer)).size).toBe(1)
    expect(views.map(view => view.byteOffset)).toEqual(views.map(() => 0))
  })

  test('is not read while it is paused', async () => {
    let bytes = 0
    readInPlace(accepted, view => {
      bytes += view.length
      return true
    })
    client.write('x')
    await sleep(50)
    expect(bytes).toBe(0)
    accepted.resume()
    await eventually(() => (bytes === 1 ? true : undefined), 2_000)
    accepted.pause()
    client.write('y')
    await sleep(50)
    expect(bytes).toBe(1)
  })

  test('can be answered, and closes once', async () => {
    readInPlace(accepted, () => true)
    accepted.resume()
    let closes = 0
    accepted.on('close', () => closes++)
    accepted.end('answer')
    expect(String((await once(client, 'data'))[0])).toBe('answer')
    client.end()
    await once(accepted, 'close')
    expect(closes).toBe(1)
  })
})
