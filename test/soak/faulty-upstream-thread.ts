import { createServer, type AddressInfo, type Socket } from 'node:net'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { MessageReader } from '../../loadtest/http1-reader.ts'
import { seededRandom } from '../../src/cli/demo/random.ts'
import type { FaultyUpstreamData } from './faulty-upstream.ts'

const parent = parentPort as MessagePort
const { seed, faults, label } = workerData as FaultyUpstreamData
const random = seededRandom(seed)
const SLOW_MS = 20

const body = JSON.stringify({
  model_name: 'soak',
  outputs: [{ name: 'label', shape: [1], datatype: 'INT64', data: [label] }],
})
const good = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
)
const error = Buffer.from(
  'HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
)
let requests = 0

function answer(socket: Socket): void {
  requests++
  let left = random()
  const hit = (share: number): boolean => (left -= share) < 0
  if (hit(faults.reset)) socket.resetAndDestroy()
  else if (hit(faults.error)) socket.write(error)
  else if (hit(faults.hang)) return
  else if (hit(faults.cut)) {
    socket.write(good.subarray(0, good.length - 5))
    setImmediate(() => socket.resetAndDestroy())
  } else if (hit(faults.slow)) setTimeout(() => socket.write(good), SLOW_MS)
  else socket.write(good)
}

const server = createServer({ noDelay: true }, socket => {
  const reader = new MessageReader('request', () => answer(socket))
  socket.on('data', (bytes: Buffer) => reader.push(bytes))
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1', () => parent.postMessage((server.address() as AddressInfo).port))
parent.on('message', () => parent.postMessage(requests))
