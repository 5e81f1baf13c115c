import { Socket, type SocketConstructorOpts } from 'node:net'

/** The most that one read of a client takes. */
const READ_BYTES = 64 * 1024
/** All plain clients of a thread are read into this buffer, one after the other: whoever keeps bytes copies them. */
const READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES)

/** What Node keeps in a socket, and takes when it makes one, without saying so in its documentation. */
interface WithHandle {
  _handle?: object | null
}

/**
 * The same connection as a socket that hands its bytes to `onBytes` as a view of one shared buffer. Node has that for sockets
 * which it connects (`onread`), but not for those which it accepts: they get a buffer of their own for every read, 64 KiB at
 * a time, and with large uploads V8 then starts to collect everything four times a second. `onBytes` says whether it wants
 * more; with false the socket reads again when its stream is read.
 */
export function readInPlace(accepted: Socket, onBytes: (socket: Socket, view: Buffer) => boolean): Socket {
  const inner = accepted as unknown as WithHandle
  // oxlint-disable-next-line no-underscore-dangle
  const handle = inner._handle ?? null
  if (handle === null || accepted.destroyed) return accepted
  const callback = (bytes: number): boolean => onBytes(socket, READ_BUFFER.subarray(0, bytes))
  const options = { handle, allowHalfOpen: true, onread: { buffer: READ_BUFFER, callback } }
  const socket: Socket = new Socket(options as unknown as SocketConstructorOpts)
  // The server counts the socket that it accepted: it must not close the connection, but has to know of its end.
  // oxlint-disable-next-line no-underscore-dangle
  inner._handle = null
  socket.once('close', () => accepted.destroy())
  return socket
}
