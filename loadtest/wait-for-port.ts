import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProxyProcess } from './proxy-process.ts'

const START_TIMEOUT_MS = 10_000

/** For servers that cannot be asked to choose a port and tell it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Waits until the process accepts connections on its port. Stops it, and rejects with its stderr, when it does not. */
export async function untilListening(child: ProxyProcess, port: number): Promise<void> {
  try {
    await Promise.race([connectable(port), child.died()])
  } catch (error) {
    await child.stop()
    throw error
  }
}

async function connectable(port: number): Promise<void> {
  const giveUpAt = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    if (performance.now() > giveUpAt) throw new Error(`nobody listens on port ${port} after ${START_TIMEOUT_MS} ms`)
    await sleep(20)
  }
}
