import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { TimeoutError } from './within.ts'

/** On loopback a connection is there within a millisecond, or waits for a place in the queue. */
const NO_PLACE_MS = 500
/** More than any kernel gives a backlog of one. */
const MOST_PLACES = 16

/** A thread that sleeps for ever has a listener and never accepts. */
const NEVER_ACCEPTS = `
const { createServer } = require('node:net')
const { parentPort } = require('node:worker_threads')
const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

export interface FullBacklog {
  readonly port: number
  stop(): Promise<void>
}

/**
 * A server so far behind that its kernel has no place for one more connection: who opens one hears nothing, neither yes nor
 * no. Loopback has no black hole that would do.
 */
export async function startFullBacklog(): Promise<FullBacklog> {
  const thread = new Worker(NEVER_ACCEPTS, { eval: true })
  const [port] = (await once(thread, 'message')) as [number]
  const waiting: Socket[] = []
  const stop = async (): Promise<void> => {
    for (const socket of waiting) socket.destroy()
    await thread.terminate()
  }
  while (waiting.length < MOST_PLACES) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    waiting.push(socket)
    if (!(await connects(socket))) return { port, stop }
  }
  await stop()
  throw new TimeoutError(`${MOST_PLACES} connections did not fill the queue`, NO_PLACE_MS)
}

function connects(socket: Socket): Promise<boolean> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(false), NO_PLACE_MS)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
