import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineSplitter } from '../../src/replay/line-splitter.ts'

/** The bytes in pieces that end at these places, whatever character they go through. */
function inPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...cuts.map(cut => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}

function split(pieces: readonly Buffer[], maxBytes?: number): { lines: string[]; tooLong: number } {
  const lines: string[] = []
  let tooLong = 0
  const splitter = new LineSplitter(
    line => lines.push(line),
    () => tooLong++,
    maxBytes,
  )
  for (const piece of pieces) splitter.push(piece)
  splitter.end()
  return { lines, tooLong }
}

const line = fc.string({ unit: 'grapheme', maxLength: 30 }).filter(text => !text.includes('\n'))
const lines = fc.array(line, { minLength: 1, maxLength: 20 })
const cuts = fc.array(fc.nat(), { maxLength: 30 })

test('lines come out whole wherever the bytes are cut, the last one with a line feed or without', () => {
  fc.assert(
    fc.property(lines, cuts, fc.boolean(), (texts, places, ends) => {
      const bytes = Buffer.from(texts.join('\n') + (ends ? '\n' : ''))
      const expected = !ends && texts.at(-1) === '' ? texts.slice(0, -1) : texts
      expect(split(inPieces(bytes, places))).toEqual({ lines: expected, tooLong: 0 })
    }),
  )
})

test('a line over the limit is counted and harms no other', () => {
  fc.assert(
    fc.property(lines, cuts, fc.integer({ min: 1, max: 40 }), (texts, places, maxBytes) => {
      const fits = (text: string): boolean => Buffer.byteLength(text) <= maxBytes
      const bytes = Buffer.from(`${texts.join('\n')}\n`)
      const { lines, tooLong } = split(inPieces(bytes, places), maxBytes)
      expect(lines).toEqual(texts.filter(fits))
      expect(tooLong).toBe(texts.length - lines.length)
    }),
  )
})
