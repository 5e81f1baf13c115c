import { randomBytes } from 'node:crypto'
import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { zstdFrame } from '../../../src/sinks/zstd-frame.ts'
import { range } from '../../support/sink-records.ts'

/** What a frame begins with. */
const MAGIC = Buffer.of(0x28, 0xb5, 0x2f, 0xfd)

const text = (length: number): Buffer => Buffer.from('{"a":1},'.repeat(length / 8))

test('whatever is compressed, one after the other by the same stream, is a frame of its own', async () => {
  // Random bytes do not get smaller: their output is several pieces.
  for (const bytes of [text(80), randomBytes(300_000), Buffer.alloc(0), text(4_000_000), randomBytes(1), text(80)]) {
    const frame = await zstdFrame(bytes)
    expect(frame.subarray(0, 4)).toEqual(MAGIC)
    expect(zstdDecompressSync(frame).equals(bytes)).toBe(true)
  }
})

test('frames that are made at the same time do not mix', async () => {
  const inputs = range(0, 8).map(n => (n % 2 === 0 ? randomBytes(200_000) : text(80_000 * n)))
  const frames = await Promise.all(inputs.map(zstdFrame))
  for (const [i, frame] of frames.entries()) expect(zstdDecompressSync(frame)).toEqual(inputs[i])
})
