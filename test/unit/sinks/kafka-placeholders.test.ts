import { gunzipSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { gzipCodec, zstdCodec } from '../../../src/sinks/kafka-codecs.ts'
import { PlaceholderSend } from '../../../src/sinks/kafka-placeholders.ts'
import { cloudEventHeaders } from '../../../src/sinks/kafka-records.ts'
import type { SinkRecord } from '../../../src/sinks/sink.ts'
import { decodeBatch, kafkajsBatch, kafkajsRecords } from '../../support/kafkajs-parts.ts'
import { numberedRecord, range } from '../../support/sink-records.ts'

const { None, GZIP, ZSTD } = kafkajs.CompressionTypes
const RECORDS = range(0, 500).map(n => numberedRecord(n, n % 7))

const messages = (records: readonly SinkRecord[]) =>
  records.map(({ key, value, event }) => ({ key, value, headers: cloudEventHeaders(event) }))

describe('placeholders in the batches of kafkajs', () => {
  const sends: PlaceholderSend[] = []

  beforeAll(() => {
    kafkajs.CompressionCodecs[GZIP] = gzipCodec
    kafkajs.CompressionCodecs[ZSTD] = zstdCodec
  })
  afterEach(() => {
    for (const send of sends.splice(0)) send.end()
  })

  function begin(records: readonly SinkRecord[]): PlaceholderSend {
    const send = new PlaceholderSend(records)
    sends.push(send)
    return send
  }

  test.each([
    ['gzip', GZIP],
    ['zstd', ZSTD],
  ])('decode as the records themselves would (%s)', async (_name, type) => {
    const batch = await kafkajsBatch(begin(RECORDS).placeholders, type)
    const uncompressed = await kafkajsBatch(messages(RECORDS), None)
    const { records, lastOffsetDelta } = await decodeBatch(batch)
    const expected = await decodeBatch(uncompressed)
    expect(lastOffsetDelta).toBe(expected.lastOffsetDelta)
    expect(
      records.map(({ key, value, headers, offset, timestamp, attributes }) => [
        String(key),
        String(value),
        texts(headers),
        offset,
        timestamp,
        attributes,
      ]),
    ).toEqual(
      expected.records.map(({ key, value, headers, offset, timestamp, attributes }) => [
        String(key),
        String(value),
        texts(headers),
        offset,
        timestamp,
        attributes,
      ]),
    )
  })

  test('a partition gets its part of the send, in order', async () => {
    const { placeholders } = begin(RECORDS)
    const { records } = await decodeBatch(
      await kafkajsBatch(
        placeholders.filter((_, i) => i % 3 === 1),
        ZSTD,
      ),
    )
    expect(records.map(({ key }) => String(key))).toEqual(RECORDS.filter((_, i) => i % 3 === 1).map(({ key }) => key))
  })

  test('a batch that kafkajs encodes again is the same', async () => {
    const { placeholders } = begin(RECORDS)
    const first = await kafkajsBatch(placeholders, ZSTD)
    begin(range(500, 510).map(n => numberedRecord(n))) // another session's
    expect(await kafkajsBatch(placeholders, ZSTD)).toEqual(first)
  })

  test('a send that has ended is not written any more', async () => {
    const send = begin(RECORDS)
    send.end()
    await expect(kafkajsBatch(send.placeholders, ZSTD)).rejects.toThrow('a send that has ended')
  })

  test("other clients' records are compressed as they are", async () => {
    begin(RECORDS)
    const others = [
      { key: 'a', value: 'b' },
      { key: null, value: 'x'.repeat(100_000) },
    ]
    const { records } = await decodeBatch(await kafkajsBatch(others, GZIP))
    expect(records.map(({ key, value }) => [key === null ? null : String(key), String(value)])).toEqual(
      others.map(({ key, value }) => [key, value]),
    )
  })

  test('nothing is written of placeholders that kafkajs encodes in another form', async () => {
    const { placeholders } = begin(RECORDS.slice(0, 3))
    const encoded = kafkajsRecords(placeholders)
    const { compress } = gzipCodec()
    expect(gunzipSync(await compress({ buffer: encoded })).length).toBeGreaterThan(encoded.length)

    const reject = (buffer: Buffer) => expect(compress({ buffer })).rejects.toThrow(/in a form that is not known here/)
    await reject(encoded.subarray(0, -1))
    await reject(Buffer.concat([encoded, Buffer.of(0)]))
    await reject(Buffer.concat([Buffer.alloc(8), encoded])) // as in the message sets of old brokers
    await reject(kafkajsRecords(placeholders.map(({ key, value }) => ({ key, value, headers: { a: 'b' } }))))
    await reject(kafkajsRecords([...placeholders, { key: 'not', value: 'ours' }]))
    const last = placeholders.at(-1)
    await reject(kafkajsRecords([{ key: last?.key ?? null, value: Buffer.of(0, 0, 0, 3) }])) // an index too high
  })

  test("a wrong bit fails the batch, unless it makes a mark nobody's", async () => {
    const encoded = kafkajsRecords(begin(RECORDS.slice(0, 1)).placeholders)
    const { compress } = gzipCodec()
    const bits = range(0, 8 * encoded.length)
    const written = bits.map(async bit => {
      const wrong = Buffer.from(encoded)
      wrong.writeUInt8(wrong.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      return compress({ buffer: wrong }).then(
        bytes => gunzipSync(bytes).equals(wrong),
        () => null,
      )
    })
    const outcomes = await Promise.all(written)
    const markBits = 8 * 16
    expect(outcomes.filter(outcome => outcome === true)).toHaveLength(markBits)
    expect(outcomes.filter(outcome => outcome === null)).toHaveLength(bits.length - markBits)
  })

  test('placeholders that kafkajs sends without asking for their records are noticed', async () => {
    const send = begin(RECORDS)
    await kafkajsBatch(send.placeholders.slice(1), ZSTD)
    expect(() => send.assertAllReplaced()).toThrow(/sent 1 records that it never asked for/)
    await kafkajsBatch(send.placeholders.slice(0, 1), ZSTD)
    send.assertAllReplaced()
  })
})

function texts(headers: Readonly<Record<string, Buffer>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
