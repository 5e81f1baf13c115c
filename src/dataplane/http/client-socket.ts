import type { Socket } from 'node:net'

/**
 * What hears of a client's socket. The functions that a socket calls are the same for all sockets, and find their listener by
 * it: functions of its own were two thirds of the objects that a connection is made of besides Node's. A connection that sends
 * half a head and waits lives through two young collections, and what they copy of a hundred such a second was half of the
 * others' p99.
 */
export interface ClientSocketListener {
  /** A view of what has come, which is read into again. @returns whether more is wanted now (of who is read in place) */
  onSocketBytes(view: Buffer): boolean
  /** Nothing more comes: a FIN. */
  onSocketEnd(): void
  /** What was written is with the kernel. */
  onSocketDrain(): void
  onSocketClosed(): void
}

const LISTENER = Symbol('listener')

interface Heard extends Socket {
  [LISTENER]?: ClientSocketListener
}

/** Its bytes are told of by `readInPlace` or by `hearBytes`. */
export function hear(socket: Socket, listener: ClientSocketListener): void {
  const heard: Heard = socket
  heard[LISTENER] = listener
  socket.on('end', onEnd)
  socket.on('drain', onDrain)
  socket.on('error', ignore)
  socket.on('close', onClose)
}

/** The bytes of its stream. */
export function hearBytes(socket: Socket): void {
  socket.on('data', onData)
}

/** Its events are somebody else's from now on, but for its close. One that is read in place goes on giving its bytes. */
export function unhear(socket: Socket): void {
  socket.off('data', onData)
  socket.off('end', onEnd)
  socket.off('drain', onDrain)
}

/** Who hears it. */
export function listenerOf(socket: Socket): ClientSocketListener | undefined {
  const heard: Heard = socket
  return heard[LISTENER]
}

function onData(this: Socket, bytes: Buffer): void {
  listenerOf(this)?.onSocketBytes(bytes)
}

function onEnd(this: Socket): void {
  listenerOf(this)?.onSocketEnd()
}

function onDrain(this: Socket): void {
  listenerOf(this)?.onSocketDrain()
}

function onClose(this: Socket): void {
  listenerOf(this)?.onSocketClosed()
}

/** The socket closes behind an error; without a listener it would end the process. */
function ignore(): void {}
