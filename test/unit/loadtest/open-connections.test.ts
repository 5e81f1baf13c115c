import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { countConnections, openConnections } from '../../../loadtest/open-connections.ts'

describe('openConnections', () => {
  test('counts the connections of a port until both ends have closed them', async () => {
    const accepted: Socket[] = []
    const server = createServer({ allowHalfOpen: true }, socket => accepted.push(socket.resume()))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(openConnections(port)).toBe(0)
    const clients = [1, 2, 3].map(() => connect(port, '127.0.0.1'))
    await Promise.all(clients.map(client => once(client, 'connect')))
    while (accepted.length < 3) await sleep(1)
    expect(openConnections(port)).toBe(3)
    for (const client of clients) client.end()
    // Half closed: the server still holds them.
    await Promise.all(clients.map(client => once(client, 'finish')))
    expect(openConnections(port)).toBe(3)
    for (const socket of accepted) socket.end()
    while (openConnections(port) > 0) await sleep(1)
    server.close()
  })
})

test('neither the listener nor the other end of a connection counts, nor what waits to be forgotten', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1',
    '   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 2',
    '   2: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3',
    '   3: 0100007F:1F90 0100007F:C002 06 00000000:00000000 00:00000000 00000000     0        0 0',
    '   4: 0100007F:1F90 0100007F:C003 08 00000000:00000000 00:00000000 00000000     0        0 4',
    '',
  ].join('\n')
  expect(countConnections(table, 0x1f90)).toBe(2)
  expect(countConnections(table, 0xf90)).toBe(0)
})
