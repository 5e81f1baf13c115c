import type { Socket } from 'node:net'

/** The lines of a head or of trailers, each with its end. `fields`: flat name, value list. */
export function fieldLines(fields: readonly string[]): string {
  let text = ''
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  return text
}

/** One chunk that is not empty, in three writes: the caller corks the socket. @returns what the last of them says */
export function writeChunk(socket: Socket, chunk: Buffer, written: (() => void) | undefined): boolean {
  socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
  socket.write(chunk, written)
  return socket.write('\r\n', 'latin1')
}

/** What ends a chunked body. `trailers`: flat name, value list. */
export function lastChunkText(trailers: readonly string[] = []): string {
  return `0\r\n${fieldLines(trailers)}\r\n`
}

/** An answer that has no body, whatever its head says (RFC 9112 §6.3). `method`: of its request. */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}
