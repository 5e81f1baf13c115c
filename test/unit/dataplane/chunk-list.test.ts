import { describe, expect, test } from 'vitest'
import { ChunkList } from '../../../src/dataplane/chunk-list.ts'

function listOf(chunks: readonly Buffer[]): ChunkList {
  const list = new ChunkList()
  for (const chunk of chunks) list.add(chunk)
  return list
}

describe('a list of chunks', () => {
  test('is empty at first and after clear', () => {
    const list = listOf([])
    expect([list.bytes, list.whole().length, list.pieces().length]).toEqual([0, 0, 0])
    list.add(Buffer.from('x'))
    list.clear()
    expect([list.bytes, list.whole().length, list.pieces().length]).toEqual([0, 0, 0])
  })

  test('gives a single chunk as it is, without a copy', () => {
    const chunk = Buffer.from('one')
    expect(listOf([chunk]).whole()).toBe(chunk)
  })

  test('gives all bytes in order, whatever the sizes', () => {
    const chunks = Array.from({ length: 2_000 }, (_, i) => Buffer.alloc((i * 37) % 700, i % 251))
    const list = listOf(chunks)
    expect(list.bytes).toBe(Buffer.concat(chunks).length)
    expect(Buffer.concat(list.pieces())).toEqual(Buffer.concat(chunks))
    expect(list.whole()).toEqual(Buffer.concat(chunks))
  })

  test('keeps a body that came byte by byte in few pieces', () => {
    const bytes = 100_000
    const list = new ChunkList()
    for (let i = 0; i < bytes; i++) list.add(Buffer.from([i % 256]))
    expect(list.pieces().length).toBeLessThan(1_000)
    expect(list.whole()).toEqual(Buffer.from(Array.from({ length: bytes }, (_, i) => i % 256)))
  })

  test('does not copy large chunks together', () => {
    const large = Buffer.alloc(1_000)
    expect(listOf(Array.from({ length: 600 }, () => large)).pieces().length).toBe(600)
  })
})
