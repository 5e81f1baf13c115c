/** The process behind `stand-in.ts`: one listener with one behaviour. Ends with its parent. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { answerFor, type Behaviour } from './behaviours.ts'
import { MessageReader } from './http1-reader.ts'
import type { StandInCounts, StandInQuestion } from './stand-in.ts'

const counts = { requests: 0, connections: 0 }

process.on('message', (question: StandInQuestion) => {
  void answer(question).then(
    result => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.stack ?? error.message }),
  )
})
process.on('disconnect', () => process.exit(0))

async function answer(question: StandInQuestion): Promise<StandInCounts> {
  if (question.ask === 'counts') return { port: 0, ...counts }
  return { port: await listen(question.behaviour, question.modelMs), ...counts }
}

async function listen(behaviour: Behaviour, modelMs: number): Promise<number> {
  if (behaviour === 'refusing') return closedPort()
  const server =
    behaviour === 'untrusted-tls' ? tlsServer() : createServer({ noDelay: true }, accept(behaviour, modelMs))
  if (behaviour === 'untrusted-tls') server.on('connection', () => counts.connections++)
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function accept(behaviour: Behaviour, modelMs: number): (socket: Socket) => void {
  const answer = answerFor(behaviour, modelMs)
  return socket => {
    counts.connections++
    const reader = new MessageReader('request', ({ keepAlive, bodyBytes }) => {
      counts.requests++
      answer(socket, keepAlive, bodyBytes)
    })
    socket.on('data', (bytes: Buffer) => {
      try {
        reader.push(bytes)
      } catch {
        socket.destroy() // the proxy sent something that is no request: it will show as an error of the leg
      }
    })
    // A client that leaves in the middle is part of several behaviours.
    socket.on('error', () => {})
  }
}

/** Nobody trusts the certificate, so no request should ever get through; one that does is counted and seen. */
function tlsServer(): Server {
  const cert = readFileSync(new URL('./certificates/untrusted.pem', import.meta.url))
  const key = readFileSync(new URL('./certificates/untrusted.key', import.meta.url))
  const server = createTlsServer({ cert, key }, accept('untrusted-tls', 0))
  server.on('tlsClientError', () => {})
  return server
}

/**
 * A port on which nobody listens. Not one of the range that the kernel gives to outgoing connections (Linux: from 32768):
 * a connection to such a port can meet itself, and then it is not refused.
 */
async function closedPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer().listen({ port, host: '127.0.0.1' })
    const free = await new Promise<boolean>(resolve => {
      server.once('listening', () => resolve(true))
      server.once('error', () => resolve(false))
    })
    if (!free) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
