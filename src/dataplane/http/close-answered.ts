import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { TurnEnds } from '../turn-ends.ts'

/**
 * Closes behind a last answer that is with the kernel, of a client that has said itself that it is the last: at the end of the
 * turn, so that others have their answers first. The kernel sends the answer and a FIN after it; to have the stream end first is
 * a shutdown before the close, and another turn. TLS has a farewell of its own.
 */
export function closeAnswered(socket: Socket, turnEnds: TurnEnds): void {
  if (socket instanceof TLSSocket) socket.destroySoon()
  else turnEnds.add({ onTurnEnd: () => socket.destroy() })
}
