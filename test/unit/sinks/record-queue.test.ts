import { describe, expect, test } from 'vitest'
import { RecordQueue, recordBytes } from '../../../src/sinks/record-queue.ts'
import { numberedRecord, numberOf, range } from '../../support/sink-records.ts'

const ROOMY = { records: 100_000, bytes: 1e9 }

describe('the record queue', () => {
  test('drops the newest when it holds as many records as it may, and says why', () => {
    const queue = new RecordQueue({ records: 2, bytes: 1e6 }, ['shutdown'])
    expect([0, 1, 2].map(n => queue.offer(numberedRecord(n)))).toEqual([true, true, false])
    expect(queue.peek(10, 1e6).map(({ value }) => numberOf(value))).toEqual([0, 1])
    expect(queue.counts()).toEqual({ accepted: 3, delivered: 0, dropped: { queue_full: 1, shutdown: 0 }, pending: 2 })
  })

  test('drops the newest when it holds as many bytes as it may', () => {
    const bytes = recordBytes(numberedRecord(0, 1_000))
    const queue = new RecordQueue({ records: 100, bytes: 2 * bytes }, [])
    expect([0, 1, 2].map(n => queue.offer(numberedRecord(n, 1_000)))).toEqual([true, true, false])
    queue.delivered(1)
    expect(queue.offer(numberedRecord(3, 1_000))).toBe(true)
  })

  test('has room for windows where pairs have filled it, up to an eighth more', () => {
    const bytes = recordBytes(numberedRecord(0))
    for (const limits of [
      { records: 16, bytes: 1e6 },
      { records: 1e6, bytes: 16 * bytes },
    ]) {
      const queue = new RecordQueue(limits, [])
      const offerPair = () => queue.offer(numberedRecord(0))
      const offerWindow = () => queue.offer({ ...numberedRecord(0), stream: 'windows' })
      while (offerPair());
      expect(queue.pending).toBe(16)
      expect([offerWindow(), offerWindow(), offerWindow()]).toEqual([true, true, false])
      queue.delivered(2)
      // What windows take beyond the limit is not given back to pairs.
      expect([offerPair(), offerWindow()]).toEqual([false, true])
      expect(queue.counts()).toMatchObject({ delivered: 2, dropped: { queue_full: 3 }, pending: 17 })
    }
  })

  test('counts bytes, not characters', () => {
    const record = numberedRecord(0)
    expect(recordBytes({ ...record, value: '"ééé"' }) - recordBytes({ ...record, value: '"eee"' })).toBe(3)
  })

  test('a batch keeps to its limits, but a record over them goes alone', () => {
    const queue = new RecordQueue(ROOMY, [])
    for (const bytes of [10, 10, 5_000, 10]) queue.offer(numberedRecord(bytes, bytes))
    expect(queue.peek(1, 1e6)).toHaveLength(1)
    expect(queue.peek(10, 2_000)).toHaveLength(2)
    queue.delivered(2)
    expect(queue.peek(10, 2_000)).toHaveLength(1)
  })

  test('keeps its order over far more records than it ever holds', () => {
    const queue = new RecordQueue(ROOMY, [])
    const seen: number[] = []
    for (const n of range(0, 30_000)) {
      queue.offer(numberedRecord(n))
      if (n % 3 === 2) {
        const batch = queue.peek(n % 2 === 0 ? 2 : 4, 1e9)
        seen.push(...batch.map(({ value }) => numberOf(value)))
        queue.delivered(batch.length)
      }
    }
    seen.push(...queue.peek(Infinity, Infinity).map(({ value }) => numberOf(value)))
    expect(seen).toEqual(range(0, 30_000))
  })
})
