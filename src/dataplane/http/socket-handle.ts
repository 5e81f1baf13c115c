import type { Socket } from 'node:net'

/** What Node keeps in a socket, without saying so in its documentation: the one place to look at with a new version. */
interface NodeHandle {
  /** Has it read into this buffer. */
  readonly useUserBuffer?: (buffer: Uint8Array) => void
  /** Bytes of the write under way that are not with the kernel. */
  readonly writeQueueSize?: number
}

/** null: there is none any more. */
export function handleOf(socket: Socket): NodeHandle | null {
  // oxlint-disable-next-line no-underscore-dangle
  return (socket as unknown as { readonly _handle?: NodeHandle | null })._handle ?? null
}
