import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * Closing behind an answer that was given before the request was whole. Destroying a socket that has unread bytes makes the
 * kernel send a reset, and a reset overtakes the answer: the client would see a broken connection instead of its 413. So
 * our side is closed first, and what still comes is read and thrown away for a while.
 */

/** As long as a client takes to read an answer and to stop sending; whoever goes on is cut. */
const LINGER_MS = 5_000

const lingering = new WeakSet<Duplex>()

/** What still comes on this connection is no request. */
export function isLingering(socket: Duplex): boolean {
  return lingering.has(socket)
}

/** Sends what is written and a FIN, and reads on until the client closes as well. */
export function closeLingering(socket: Duplex): void {
  if (lingering.has(socket)) return
  lingering.add(socket)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.on('error', () => {})
  socket.end()
  socket.resume()
}

/**
 * Called before an answer ends while its request is still arriving. `last`: the connection closes behind it. Otherwise it
 * can be used again if the rest of the request comes soon.
 */
export function readRest(request: IncomingMessage, last: boolean): void {
  const { socket } = request
  if (last) {
    // node:http closes by this method behind a last answer, and by default it does not wait for the client.
    socket.destroySoon = () => closeLingering(socket)
  } else {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
    request.once('end', () => clearTimeout(timer))
  }
  request.resume()
}
