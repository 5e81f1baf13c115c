/**
 * The process behind `startFloorRelay`: bytes from a client go to a connection of its own to the primary and to one to
 * the shadow, the primary's bytes go back, the shadow's are thrown away. It reads no HTTP, keeps nobody from anything and
 * shares no connection: a proxy in JavaScript that does its work can only cost more.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

const [primaryPort = 0, shadowPort = 0] = process.argv.slice(2).map(Number)

const server = createServer({ noDelay: true }, client => {
  const primary = open(primaryPort)
  const shadow = shadowPort === 0 ? null : open(shadowPort)
  client.on('data', bytes => {
    primary.write(bytes)
    shadow?.write(bytes)
  })
  primary.on('data', bytes => client.write(bytes))
  shadow?.on('data', () => {})
  for (const socket of [client, primary]) {
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const other of [client, primary, shadow]) other?.destroy()
    })
  }
  shadow?.on('error', () => {})
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log((server.address() as AddressInfo).port))

function open(port: number): Socket {
  return connect({ port, host: '127.0.0.1', noDelay: true })
}
