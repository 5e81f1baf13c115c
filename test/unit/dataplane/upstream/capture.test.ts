import { describe, expect, test, vi } from 'vitest'
import { RelayMemory, SLAB_BYTES } from '../../../../src/dataplane/relay-memory.ts'
import { CopyMemory } from '../../../../src/dataplane/shadow/copy-memory.ts'
import { BodyCapture } from '../../../../src/dataplane/upstream/capture.ts'

function capture(limitBytes: number, ...chunks: string[]): BodyCapture {
  const body = new BodyCapture(limitBytes, new CopyMemory())
  for (const chunk of chunks) body.add(Buffer.from(chunk))
  return body
}

describe('a captured body', () => {
  test('is empty and complete before anything came', () => {
    const body = capture(10)
    expect([body.state, body.body().length]).toEqual(['complete', 0])
  })

  test('is all chunks in order', () => {
    const body = capture(10, 'one', '', 'two')
    expect([body.state, body.body().toString()]).toEqual(['complete', 'onetwo'])
  })

  test('can be read before its end and goes on growing', () => {
    const body = capture(10, 'one', 'two')
    expect(body.body().toString()).toBe('onetwo')
    body.add(Buffer.from('!'))
    expect(body.body().toString()).toBe('onetwo!')
  })

  test('may be exactly as long as the limit', () => {
    const body = capture(6, 'one', 'two')
    expect([body.state, body.body().toString()]).toEqual(['complete', 'onetwo'])
  })

  test('over the limit is nothing but the fact, for good', () => {
    const body = capture(5, 'one', 'two', '')
    expect([body.state, body.body().length]).toEqual(['over_limit', 0])
    body.add(Buffer.from('x'))
    expect([body.state, body.body().length]).toEqual(['over_limit', 0])
  })

  test('that nobody wants keeps nothing', () => {
    expect(capture(0, '').state).toBe('complete')
    expect(capture(0, 'x').state).toBe('over_limit')
  })

  test('in pieces of any size is whole', () => {
    const sizes = [1, 20_000, 1, 1, 1, 3, 4_095, 4_096, 16_384, 9, 4_000, 4_000, 4_000, 4_000, 4_000, 1]
    const pieces = sizes.map((bytes, i) => Buffer.alloc(bytes, i + 1))
    const body = new BodyCapture(1024 * 1024, new CopyMemory())
    for (const piece of pieces) body.add(piece)
    expect(body.body().equals(Buffer.concat(pieces))).toBe(true)
  })

  test('in many tiny pieces is kept in few buffers: alone, each would cost a hundred times its byte', () => {
    const bytes = 100_000
    const body = new BodyCapture(bytes, new CopyMemory())
    const source = Buffer.alloc(bytes, 'x')
    for (let i = 0; i < bytes; i++) body.add(source.subarray(i, i + 1))
    const concat = vi.spyOn(Buffer, 'concat')
    expect(body.body().equals(source)).toBe(true)
    expect(concat.mock.calls[0]?.[0].length).toBeLessThan(1_000)
    concat.mockRestore()
  })
})

describe('the memory of a captured body', () => {
  test('is taken as it grows and given back once when nobody wants it', () => {
    const memory = new CopyMemory(100)
    const body = new BodyCapture(50, memory)
    body.add(Buffer.alloc(20))
    body.add(Buffer.alloc(20))
    expect(memory.heldBytes).toBe(40)
    body.release()
    body.release()
    expect([memory.heldBytes, body.body().length]).toEqual([0, 0])
    body.add(Buffer.alloc(1))
    expect(memory.heldBytes).toBe(0)
  })

  test('is given back at once when the body is over its limit', () => {
    const memory = new CopyMemory(100)
    const body = new BodyCapture(50, memory)
    body.add(Buffer.alloc(50))
    body.add(Buffer.alloc(1))
    body.release()
    expect(memory.heldBytes).toBe(0)
  })

  test('is shared: the one for which there is no room is let go, the others stay', () => {
    const memory = new CopyMemory(100)
    const first = new BodyCapture(80, memory)
    const second = new BodyCapture(80, memory)
    first.add(Buffer.alloc(60))
    second.add(Buffer.alloc(30))
    second.add(Buffer.alloc(30))
    expect([first.state, second.state, memory.heldBytes]).toEqual(['complete', 'let_go', 60])
    first.add(Buffer.alloc(20))
    expect([first.state, memory.heldBytes]).toEqual(['complete', 80])
  })
})

/** Pieces of one long text, each in a buffer that is overwritten as soon as it was taken. */
function copied(body: BodyCapture, memory: RelayMemory, sizes: readonly number[]): Buffer {
  const all = Buffer.from(Array.from({ length: sizes.reduce((sum, size) => sum + size, 0) }, (_, i) => i % 251))
  let at = 0
  for (const size of sizes) {
    const view = Buffer.from(all.subarray(at, (at += size)))
    body.addCopy(view, memory)
    view.fill(0xff)
  }
  return all
}

describe('a captured body of views that are read into again', () => {
  test.each([
    [[10, 20]],
    [[40_000]],
    [[SLAB_BYTES, SLAB_BYTES]],
    [[10, 65_000, 1_000, 65_536, 7]],
    [Array.from({ length: 700 }, (_, i) => 1 + ((i * 37) % 900))],
  ])('is all of them in order (%j)', sizes => {
    const body = new BodyCapture(16 * SLAB_BYTES, new CopyMemory())
    const all = copied(body, new RelayMemory(), sizes)
    expect([body.state, body.body().equals(all)]).toEqual(['complete', true])
  })

  test('gives the memory back when it is let go, and no earlier', () => {
    const memory = new RelayMemory()
    const first = new BodyCapture(16 * SLAB_BYTES, new CopyMemory())
    const all = copied(first, memory, [SLAB_BYTES, SLAB_BYTES, 100])
    copied(new BodyCapture(16 * SLAB_BYTES, new CopyMemory()), memory, [SLAB_BYTES])
    expect(first.body().equals(all)).toBe(true)
    first.release()
    const slabs = Array.from({ length: 3 }, () => memory.take())
    expect(slabs.filter(slab => slab.equals(all.subarray(0, SLAB_BYTES)))).toHaveLength(1)
    expect(slabs.some(slab => slab.subarray(0, 100).equals(all.subarray(2 * SLAB_BYTES)))).toBe(true)
  })

  test('gives the memory back once when it turns out too long', () => {
    const memory = new RelayMemory()
    const body = new BodyCapture(SLAB_BYTES, new CopyMemory())
    copied(body, memory, [SLAB_BYTES, 1, 1])
    body.release()
    expect(body.state).toBe('let_go')
    expect(new Set(Array.from({ length: 4 }, () => memory.take().byteOffset)).size).toBe(4)
  })
})
