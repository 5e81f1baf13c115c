import type { Socket } from 'node:net'

/** With an RST where there can be one: an end that has ignored the FIN would keep its socket otherwise. */
export function cutSocket(socket: Socket): void {
  if ('encrypted' in socket || socket.connecting) socket.destroy()
  else socket.resetAndDestroy()
}
