import { describe, expect, test } from 'vitest'
import { HeadReader } from '../../../../src/dataplane/h1/head-reader.ts'

const MAX_BYTES = 64
const HEAD = 'GET / HTTP/1.1\r\nHost: h'
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')

function reader(seen: string[] = []): HeadReader {
  const check = (text: string, from: number): void => void seen.push(text.slice(from))
  return new HeadReader(MAX_BYTES, check, max => new RangeError(`over ${max}`))
}

describe('a head', () => {
  test('is whole with its empty line, wherever it is cut, and what is behind it is left', () => {
    const text = `${HEAD}\r\n\r\nbody`
    for (let cut = 1; cut < text.length; cut++) {
      const head = reader()
      const first = head.step(bytesOf(text.slice(0, cut)), 0)
      let whole = head.take()
      expect(first).toBe(Math.min(cut, HEAD.length + 4))
      expect(head.begun).toBe(whole === null)
      if (whole === null) {
        expect(head.step(bytesOf(text.slice(cut)), 0)).toBe(HEAD.length + 4 - cut)
        whole = head.take()
      }
      expect([whole, head.take(), head.begun]).toEqual([HEAD, null, false])
    }
  })

  test('is looked at as it comes, nothing twice', () => {
    const seen: string[] = []
    const head = reader(seen)
    for (const byte of HEAD) head.step(bytesOf(byte), 0)
    expect(seen.join('')).toBe(HEAD)
  })

  test('has its limit without the empty line, and a longer one is not waited for', () => {
    const longest = 'x'.repeat(MAX_BYTES)
    const fits = reader()
    fits.step(bytesOf(`${longest}\r\n\r\n`), 0)
    expect(fits.take()).toBe(longest)
    expect(() => reader().step(bytesOf(`${longest}x\r\n\r\n`), 0)).toThrow('over 64')
    const waiting = reader()
    waiting.step(bytesOf(`${longest}\r\n\r`), 0)
    expect(() => reader().step(bytesOf('x'.repeat(MAX_BYTES + 4)), 0)).toThrow('over 64')
  })

  test('that was begun is forgotten', () => {
    const head = reader()
    head.step(bytesOf('half'), 0)
    head.reset()
    head.step(bytesOf(`${HEAD}\r\n\r\n`), 0)
    expect(head.take()).toBe(HEAD)
  })
})
