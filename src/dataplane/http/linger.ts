import type { Duplex } from 'node:stream'

/**
 * Closing behind an answer that was given before the request was whole. Destroying a socket that has unread bytes makes the
 * kernel send a reset, and a reset overtakes the answer: the client would see a broken connection instead of its 413. So
 * our side is closed first, and what still comes is read and thrown away for a while.
 */

/** As long as a client takes to read an answer and to stop sending; whoever goes on is cut. */
export const LINGER_MS = 5_000

const lingering = new WeakSet<Duplex>()

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
