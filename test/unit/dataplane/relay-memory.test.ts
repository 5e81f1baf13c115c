import { describe, expect, test } from 'vitest'
import { RelayMemory } from '../../../src/dataplane/relay-memory.ts'

const SLAB_BYTES = 64 * 1024
const SLABS = 1024

function copyOf(memory: RelayMemory, fill: string, bytes = SLAB_BYTES): Buffer {
  const copy = memory.copy(Buffer.alloc(bytes, fill))
  if (copy === null) throw new Error(`${bytes} bytes got no memory`)
  return copy
}

describe('memory for pieces of large answers', () => {
  test('holds what was read, whatever is read into the same buffer afterwards', () => {
    const read = Buffer.alloc(SLAB_BYTES, 'a')
    const copy = new RelayMemory().copy(read.subarray(0, 40_000))
    read.fill('b')
    expect(copy?.toString()).toBe('a'.repeat(40_000))
  })

  test('is used again once it is given back, and not before', () => {
    const memory = new RelayMemory()
    const first = copyOf(memory, 'a')
    const second = copyOf(memory, 'b')
    expect(second.byteOffset).not.toBe(first.byteOffset)
    memory.giveBack(first)
    const third = copyOf(memory, 'c', 50_000)
    expect([third.buffer, third.byteOffset]).toEqual([first.buffer, first.byteOffset])
    expect(third.toString()).toBe('c'.repeat(50_000))
    expect(second.toString()).toBe('b'.repeat(SLAB_BYTES))
    expect(memory.inUse).toBe(2)
  })

  test('is 64 MiB; what is held beyond is made for it, and not kept', () => {
    const memory = new RelayMemory()
    const copies = Array.from({ length: SLABS + 2 }, () => copyOf(memory, 'a'))
    expect(new Set(copies.map(copy => copy.buffer)).size).toBe(3)
    expect(new Set(copies.map(copy => `${copy.byteOffset}`)).size).toBe(SLABS)
    for (const copy of copies) memory.giveBack(copy)
    expect(memory.inUse).toBe(0)
    const [region] = new Set(copies.map(copy => copy.buffer))
    expect(Array.from({ length: SLABS }, () => copyOf(memory, 'b').buffer === region)).not.toContain(false)
    expect(copyOf(memory, 'b').buffer).not.toBe(region)
  })

  test.each([0, 1_000, SLAB_BYTES / 2 - 1, SLAB_BYTES + 1])('is not for pieces of %i bytes', bytes => {
    expect(new RelayMemory().copy(Buffer.alloc(bytes))).toBe(null)
  })
})
