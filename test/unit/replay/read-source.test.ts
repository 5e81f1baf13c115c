import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { readSource, SourceError } from '../../../src/replay/read-source.ts'

const directory = mkdtempSync(join(tmpdir(), 'understudy-replay-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function file(name: string, content: string | Buffer): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

async function read(source: string): Promise<string[]> {
  const lines: string[] = []
  const taker = { take: (line: string) => lines.push(line), takeTooLong: () => lines.push('too long') }
  await readSource(source, taker, { kafka: null, log: () => undefined })
  return lines
}

/** Of no pattern, so that packing leaves enough bytes to cut. */
const LINES = Array.from({ length: 2_000 }, (_, i) => `{"n":${i},"hash":"${(i * 2_654_435_761) % 2 ** 32}"}`)
const TEXT = `${LINES.join('\n')}\n`

describe('records', () => {
  test('are the lines of a file, packed or not', async () => {
    expect(await read(file('plain.ndjson', TEXT))).toEqual(LINES)
    expect(await read(file('packed.ndjson.gz', gzipSync(TEXT)))).toEqual(LINES)
    expect(await read(file('two.gz', Buffer.concat([gzipSync(TEXT), gzipSync(TEXT)])))).toEqual([...LINES, ...LINES])
  })

  test('of a packed file that was cut are those up to there', async () => {
    const packed = gzipSync(TEXT)
    const lines = await read(file('cut.gz', packed.subarray(0, packed.length / 2)))
    expect(lines.length).toBeGreaterThan(100)
    expect(lines.slice(0, -1)).toEqual(LINES.slice(0, lines.length - 1))
  })

  test.each<[string, string, RegExp]>([
    ['that is not there', join(directory, 'nowhere.ndjson'), /nowhere\.ndjson does not exist/],
    ['that is a directory', directory, /is a directory/],
    ['that is not packed, by its name', file('plain.gz', TEXT), /is not gzip, or damaged/],
    ['of Kafka, without brokers', 'kafka:pairs', /kafka:pairs needs sinks\.kafka in the routing file/],
  ])('in a source %s are refused with the reason', async (_what, source, message) => {
    const error: unknown = await read(source).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SourceError)
    expect(error).toMatchObject({ kind: 'unusable', message: expect.stringMatching(message) })
  })
})
