import { ChunkList } from '../../src/dataplane/chunk-list.ts'

/** A body that has arrived in these pieces. */
export function chunks(...pieces: readonly Uint8Array[]): ChunkList {
  const list = new ChunkList()
  for (const piece of pieces) list.add(Buffer.from(piece))
  return list
}
