import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameScan, goingAwayFrame } from '../../src/dataplane/http/websocket-frames.ts'

/** One frame as RFC 6455 §5.2 lays it out. */
function frame(opcode: number, length: number, masked: boolean): Buffer {
  const short = length < 126 ? length : length < 65_536 ? 126 : 127
  const extended = Buffer.alloc(short < 126 ? 0 : short === 126 ? 2 : 8)
  if (short === 126) extended.writeUInt16BE(length)
  if (short === 127) extended.writeBigUInt64BE(BigInt(length))
  const mask = masked ? Buffer.from([1, 2, 3, 4]) : Buffer.alloc(0)
  // The payload looks like frames itself.
  const payload = Buffer.alloc(length, Buffer.from([0x88, 0x02, 0x03, 0xe9]))
  return Buffer.concat([Buffer.from([0x80 | opcode, (masked ? 0x80 : 0) | short]), extended, mask, payload])
}

const length = fc.oneof(fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536), fc.integer({ min: 0, max: 300 }))
const dataFrame = fc.record({ opcode: fc.constantFrom(0, 1, 2, 9, 10), length, masked: fc.boolean() })

describe('FrameScan', () => {
  test('is between frames exactly at their ends, however the bytes come', () => {
    fc.assert(
      fc.property(
        fc.array(dataFrame, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 70_000 })),
        (frames, sizes) => {
          const bytes = Buffer.concat(frames.map(each => frame(each.opcode, each.length, each.masked)))
          const ends = new Set([0])
          for (const each of frames) ends.add(Math.max(...ends) + frame(each.opcode, each.length, each.masked).length)
          const scan = new FrameScan()
          let at = 0
          for (const size of [...sizes, bytes.length]) {
            scan.push(bytes.subarray(at, at + size))
            at = Math.min(at + size, bytes.length)
            expect(scan.betweenFrames).toBe(ends.has(at))
          }
          expect(scan.closeSeen).toBe(false)
        },
      ),
    )
  })

  test('counts the messages that have passed whole, and finds where the close frame begins', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }))
    fc.assert(
      fc.property(fc.array(dataFrame, { maxLength: 6 }), sizes, (frames, sizes) => {
        const before = Buffer.concat(frames.map(each => frame(each.opcode, each.length, each.masked)))
        const bytes = Buffer.concat([before, goingAwayFrame(true)])
        const scan = new FrameScan()
        let passed = 0
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const chunk = bytes.subarray(at, at + (sizes[i] ?? bytes.length))
          if (!scan.closeSeen && at <= before.length) passed += scan.push(chunk)
          else scan.push(chunk)
          at += chunk.length
        }
        expect(passed).toBeGreaterThanOrEqual(before.length)
        expect(scan.messages).toBe(frames.filter(({ opcode }) => opcode < 8).length)
        expect(scan.closeSeen).toBe(true)
      }),
    )
  })

  test('byte by byte it comes to the same result, and sees a close frame', () => {
    const scan = new FrameScan()
    const bytes = Buffer.concat([frame(1, 200, true), goingAwayFrame(true)])
    const states = [...bytes].map(byte => {
      scan.push(Buffer.from([byte]))
      return scan.betweenFrames
    })
    expect(states.flatMap((between, i) => (between ? [i + 1] : []))).toEqual([208, bytes.length])
    expect(scan.closeSeen).toBe(true)
  })
})

describe('goingAwayFrame', () => {
  test('is a close frame with code 1001, masked for servers only', () => {
    expect([...goingAwayFrame(false)]).toEqual([0x88, 2, 0x03, 0xe9])
    const masked = goingAwayFrame(true)
    expect([...masked.subarray(0, 2)]).toEqual([0x88, 0x82])
    const code = [0, 1].map(i => (masked[6 + i] as number) ^ (masked[2 + i] as number))
    expect(code).toEqual([0x03, 0xe9])
  })
})
