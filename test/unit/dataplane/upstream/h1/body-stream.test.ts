import { describe, expect, test } from 'vitest'
import { BodyStream, type BodySink } from '../../../../../src/dataplane/upstream/h1/body-stream.ts'
import { Collector } from '../../../../support/upload.ts'

const HELD_BYTES = 64 * 1024

/** A connection that has room or not, as the test says. */
class Sink implements BodySink {
  room = true
  readonly heard: string[] = []

  writeBody(chunk: Buffer): boolean {
    this.heard.push(chunk.toString())
    return this.room
  }

  endBody(): void {
    this.heard.push('end')
  }
}

function streamOf(): { stream: BodyStream; drains: () => number } {
  let drains = 0
  const stream = new BodyStream(() => drains++)
  return { stream, drains: () => drains }
}

describe('before a connection takes it', () => {
  test('a body is kept, in order, and handed over once', async () => {
    const { stream } = streamOf()
    stream.push(Buffer.from('one '))
    stream.push(Buffer.from('two '))
    const collector = new Collector()
    stream.pipeTo(collector)
    expect(collector.ended).toBe(false)
    stream.push(Buffer.from('three'))
    stream.end()
    expect(await collector.whole).toBe('one two three')
  })

  test('a body may end, also without a byte', () => {
    for (const chunks of [[], ['one', 'two']]) {
      const { stream, drains } = streamOf()
      for (const chunk of chunks) stream.push(Buffer.from(chunk))
      stream.end()
      const sink = new Sink()
      stream.pipeTo(sink)
      expect([sink.heard, drains()]).toEqual([[...chunks, 'end'], 0])
    }
  })

  test('the client is held back at 64 KiB, and let go when the connection takes them', () => {
    const { stream, drains } = streamOf()
    expect(stream.push(Buffer.alloc(HELD_BYTES - 1))).toBe(true)
    expect(stream.push(Buffer.alloc(1))).toBe(false)
    expect(drains()).toBe(0)
    stream.pipeTo(new Sink())
    expect(drains()).toBe(1)
  })

  test('nobody is let go who was not held back', () => {
    const { stream, drains } = streamOf()
    stream.push(Buffer.alloc(HELD_BYTES - 1))
    stream.pipeTo(new Sink())
    stream.onBodyDrained()
    expect(drains()).toBe(0)
  })

  test('a client that was held back stays so while the connection has no room', () => {
    const { stream, drains } = streamOf()
    stream.push(Buffer.alloc(HELD_BYTES))
    const sink = new Sink()
    sink.room = false
    stream.pipeTo(sink)
    expect(drains()).toBe(0)
    stream.onBodyDrained()
    expect(drains()).toBe(1)
  })
})

describe('on a connection', () => {
  test('the client is held back each time it has no room, and let go once each time', () => {
    const { stream, drains } = streamOf()
    const sink = new Sink()
    stream.pipeTo(sink)
    for (let i = 1; i <= 3; i++) {
      sink.room = true
      expect(stream.push(Buffer.from('a'))).toBe(true)
      sink.room = false
      expect(stream.push(Buffer.from('b'))).toBe(false)
      expect(drains()).toBe(i - 1)
      stream.onBodyDrained()
      stream.onBodyDrained()
      expect(drains()).toBe(i)
    }
    stream.end()
    expect(sink.heard.join('')).toBe('abababend')
  })

  test('what is let go may push at once', () => {
    const pushed: boolean[] = []
    const sink = new Sink()
    const stream: BodyStream = new BodyStream(() => pushed.push(stream.push(Buffer.from('more'))))
    stream.pipeTo(sink)
    sink.room = false
    stream.push(Buffer.from('a'))
    stream.onBodyDrained()
    sink.room = true
    stream.onBodyDrained()
    expect([pushed, sink.heard]).toEqual([
      [false, true],
      ['a', 'more', 'more'],
    ])
  })
})
