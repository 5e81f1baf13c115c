import { describe, expect, test } from 'vitest'
import { KafkaBatches } from '../../../src/sinks/kafka-batches.ts'
import { RecordQueue, recordBytes } from '../../../src/sinks/record-queue.ts'
import type { SinkRecord } from '../../../src/sinks/sink.ts'
import { numberedRecord, numberOf, range } from '../../support/sink-records.ts'

function batchesOf(records: readonly SinkRecord[]): { queue: RecordQueue; batches: KafkaBatches } {
  const queue = new RecordQueue({ records: 100_000, bytes: 1e9 }, ['too_large', 'refused'])
  for (const record of records) queue.offer(record)
  return { queue, batches: new KafkaBatches(queue) }
}

const numbered = (from: number, to: number, bytes = 0) => range(from, to).map(n => numberedRecord(n, bytes))
const numbers = (batch: readonly SinkRecord[]): number[] => batch.map(({ value }) => numberOf(value))

describe('the batches of the Kafka sink', () => {
  test('hold 500 records, or 512 KiB, and are full then', () => {
    const many = batchesOf(numbered(0, 499))
    expect(many.batches.isFull).toBe(false)
    for (const record of numbered(499, 600)) many.queue.offer(record)
    expect(many.batches.isFull).toBe(true)
    expect(numbers(many.batches.next())).toEqual(range(0, 500))

    const large = batchesOf(numbered(0, 6, 100 * 1024))
    expect(large.batches.isFull).toBe(true)
    expect(numbers(large.batches.next())).toEqual(range(0, 5))
  })

  test('go on behind what has been delivered', () => {
    const { queue, batches } = batchesOf(numbered(0, 700))
    batches.delivered(batches.next())
    expect(numbers(batches.next())).toEqual(range(500, 700))
    expect(queue.counts()).toMatchObject({ delivered: 500, pending: 200 })
  })
})

describe('a batch that may have been written', () => {
  test('is sent again unchanged, whatever has come since, until it is acknowledged', () => {
    const { queue, batches } = batchesOf(numbered(0, 3))
    const batch = batches.next()
    batches.unsure(batch)
    queue.offer(numberedRecord(3))
    expect(batches.next()).toBe(batch)
    batches.unsure(batch)
    expect(batches.next()).toBe(batch)
    batches.delivered(batch)
    expect(numbers(batches.next())).toEqual([3])
  })

  test('may be another one for the next session, and none of its records is lost', () => {
    const { queue, batches } = batchesOf(numbered(0, 3))
    batches.unsure(batches.next())
    queue.offer(numberedRecord(3))
    batches.forgetDoubt()
    expect(numbers(batches.next())).toEqual([0, 1, 2, 3])
    expect(queue.counts()).toMatchObject({ delivered: 0, pending: 4 })
  })

  test('is in doubt no longer when the broker refuses it', () => {
    const { batches } = batchesOf(numbered(0, 3))
    batches.unsure(batches.next())
    expect(batches.refused(batches.next(), 'refused')).toBe('divided')
    expect(numbers(batches.next())).toEqual([0])
  })
})

describe('a batch that the broker refuses', () => {
  test('is sent record by record, which drops the culprit alone', () => {
    const { queue, batches } = batchesOf(numbered(0, 4))
    const refused = batches.next()
    for (const record of numbered(4, 7)) queue.offer(record)
    expect(batches.isOneByOne).toBe(false)
    expect(batches.refused(refused, 'refused')).toBe('divided')
    expect(queue.counts()).toMatchObject({ dropped: { refused: 0 }, pending: 7 })

    const sent: number[][] = []
    while (batches.isOneByOne) {
      const batch = batches.next()
      sent.push(numbers(batch))
      if (numberOf(batch[0]?.value ?? '') === 2) expect(batches.refused(batch, 'refused')).toBe('dropped')
      else batches.delivered(batch)
    }
    expect(sent).toEqual([[0], [1], [2], [3]])
    expect(numbers(batches.next())).toEqual([4, 5, 6])
    expect(queue.counts()).toMatchObject({ delivered: 3, dropped: { refused: 1, too_large: 0 }, pending: 3 })
  })

  test('is still sent record by record when the next session fails meanwhile', () => {
    const { batches } = batchesOf(numbered(0, 3))
    batches.refused(batches.next(), 'refused')
    batches.delivered(batches.next())
    batches.unsure(batches.next())
    batches.forgetDoubt()
    expect(numbers(batches.next())).toEqual([1])
    expect(batches.isOneByOne).toBe(true)
  })

  test('halves the batches behind it for being too large, down to 16 KiB, and for nothing else', () => {
    const record = numberedRecord(0, 1_000)
    const perBatch = (limitKib: number) => Math.floor((limitKib * 1024) / recordBytes(record))
    const { queue, batches } = batchesOf([])
    const next = (): readonly SinkRecord[] => {
      while (queue.pending < 500) queue.offer(record)
      return batches.next()
    }
    const sizes = [next().length]
    for (const reason of ['refused', ...Array.from({ length: 6 }, () => 'too_large' as const)] as const) {
      batches.refused(next(), reason)
      while (batches.isOneByOne) batches.delivered(next())
      sizes.push(next().length)
    }
    expect(sizes).toEqual([512, 512, 256, 128, 64, 32, 16, 16].map(perBatch))
  })
})
