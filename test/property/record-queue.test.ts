import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecordQueue, recordBytes } from '../../src/sinks/record-queue.ts'
import type { SinkRecord } from '../../src/sinks/sink.ts'
import { numberedRecord } from '../support/sink-records.ts'

type Step =
  | { readonly do: 'offer'; readonly bytes: number }
  | { readonly do: 'refuse' }
  | { readonly do: 'deliver' | 'drop' | 'fail'; readonly records: number; readonly bytes: number }

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('offer' as const), bytes: fc.nat({ max: 400 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('deliver' as const, 'drop' as const, 'fail' as const),
        records: fc.integer({ min: 1, max: 8 }),
        bytes: fc.integer({ min: 1, max: 3_000 }),
      }),
    },
  ),
  { maxLength: 200 },
)

/** Whatever a sink does with its queue: the books balance after each step, and records leave in the order they came. */
test('accepted = delivered + dropped + pending after every step, in order and within bounds', () => {
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 300, max: 8_000 }),
      (walk, records, bytes) => {
        const queue = new RecordQueue({ records, bytes }, ['given_up', 'not_wanted'])
        let model: SinkRecord[] = []
        let number = 0
        for (const step of walk) {
          model = take(queue, model, step, () => numberedRecord(number++, 'bytes' in step ? step.bytes : 0))
          const { accepted, delivered, dropped, pending } = queue.counts()
          expect(accepted).toBe(delivered + sum(dropped) + pending)
          expect(pending).toBe(model.length)
          expect(queue.pendingBytes).toBe(model.reduce((total, record) => total + recordBytes(record), 0))
          expect(pending).toBeLessThanOrEqual(records)
          expect(queue.pendingBytes).toBeLessThanOrEqual(bytes)
          expect(queue.peek(Infinity, Infinity)).toEqual(model)
        }
      },
    ),
  )
})

/** Does the step to the queue and says what should be in line after it. */
function take(queue: RecordQueue, model: SinkRecord[], step: Step, next: () => SinkRecord): SinkRecord[] {
  if (step.do === 'refuse') {
    queue.refuse('not_wanted')
    return model
  }
  if (step.do === 'offer') {
    const record = next()
    return queue.offer(record) ? [...model, record] : model
  }
  const batch = queue.peek(step.records, step.bytes)
  expect(batch).toEqual(model.slice(0, batch.length))
  expect(batch.length).toBeGreaterThanOrEqual(Math.min(1, model.length))
  if (step.do === 'fail') return model // still at the head
  if (step.do === 'deliver') queue.delivered(batch.length)
  else queue.drop(batch.length, 'given_up')
  return model.slice(batch.length)
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
