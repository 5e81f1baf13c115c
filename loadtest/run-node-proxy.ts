import { fileURLToPath } from 'node:url'
import type { Contender, Topology } from './contender.ts'
import { ProxyProcess, scratchDirectory } from './proxy-process.ts'

const START_TIMEOUT_MS = 10_000

/** What `http-proxy` costs that people put in front of a model server today: no shadow. */
export function startHttpProxy(topology: Topology): Promise<Contender> {
  return startNodeProxy('http-proxy', './http-proxy-process.ts', topology)
}

/** The floor: what moving the bytes costs in JavaScript, with no HTTP at all. */
export function startFloorRelay(topology: Topology): Promise<Contender> {
  return startNodeProxy('raw relay', './floor-relay-process.ts', topology)
}

/** The process gets the ports of primary and shadow (0: none) and prints the one it listens on. */
async function startNodeProxy(name: string, file: string, { primaryPort, shadow }: Topology): Promise<Contender> {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const shadowPort = shadow === null ? 0 : Number(new URL(shadow.url).port)
  const listening = Promise.withResolvers<number>()
  const args = [script, String(primaryPort), String(shadowPort)]
  const child = new ProxyProcess(process.execPath, args, scratchDirectory('node-proxy'), line => {
    const port = Number(line)
    if (Number.isInteger(port) && port > 0) listening.resolve(port)
  })
  const late = setTimeout(() => {
    listening.reject(new Error(`${name} did not listen within ${START_TIMEOUT_MS} ms`))
  }, START_TIMEOUT_MS)
  try {
    const port = await Promise.race([listening.promise, child.died()])
    return { name, port, cpuMs: () => child.cpuMs(), stop: () => child.stop() }
  } catch (error) {
    await child.stop()
    throw error
  } finally {
    clearTimeout(late)
  }
}
