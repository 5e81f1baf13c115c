import { describe, expect, test } from 'vitest'
import { RelayMemory } from '../../../src/dataplane/relay-memory.ts'

const SLAB_BYTES = 64 * 1024

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
    expect(second.buffer).not.toBe(first.buffer)
    memory.giveBack(first)
    const third = copyOf(memory, 'c', 50_000)
    expect(third.buffer).toBe(first.buffer)
    expect(third.toString()).toBe('c'.repeat(50_000))
    expect(second.toString()).toBe('b'.repeat(SLAB_BYTES))
  })

  test('is not kept beyond 8 MiB', () => {
    const memory = new RelayMemory()
    const copies = Array.from({ length: 200 }, () => copyOf(memory, 'a'))
    for (const copy of copies) memory.giveBack(copy)
    const before = new Set(copies.map(copy => copy.buffer))
    const again = copies.map(() => copyOf(memory, 'b'))
    expect(again.filter(copy => before.has(copy.buffer)).length).toBe(128)
  })

  test.each([0, 1_000, SLAB_BYTES / 2 - 1, SLAB_BYTES + 1])('is not for pieces of %i bytes', bytes => {
    expect(new RelayMemory().copy(Buffer.alloc(bytes))).toBe(null)
  })
})
