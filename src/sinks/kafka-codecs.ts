import { promisify } from 'node:util'
import { gunzip, gzip, zstdDecompress } from 'node:zlib'
import { compressRecords } from './kafka-placeholders.ts'
import { zstdFrame } from './zstd-frame.ts'

/** A compression codec as kafkajs wants it; `buffer` is the encoded records of one batch. */
interface Codec {
  readonly compress: (encoder: { readonly buffer: Buffer }) => Promise<Buffer>
  readonly decompress: (bytes: Buffer) => Promise<Buffer>
}

export const gzipCodec = codec(promisify(gzip), promisify(gunzip))
export const zstdCodec = codec(zstdFrame, promisify(zstdDecompress))

function codec(compress: (bytes: Buffer) => Promise<Buffer>, decompress: Codec['decompress']): () => Codec {
  const both: Codec = { compress: ({ buffer }) => compressRecords(buffer, compress), decompress }
  return () => both
}
