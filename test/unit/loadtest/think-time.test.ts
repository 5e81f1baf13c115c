import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { monotonicMs } from '../../../loadtest/metronome.ts'
import { ThinkTime } from '../../../loadtest/think-time.ts'

const THINK_MS = 5
let think: ThinkTime

afterEach(() => think.stop())

/** Milliseconds that each of the thoughts took, in the order in which they ended. */
async function thinkAbout(count: number, pauseMs: number): Promise<{ readonly id: number; readonly tookMs: number }[]> {
  const ended: { id: number; tookMs: number }[] = []
  const all = Promise.withResolvers<void>()
  for (let id = 0; id < count; id++) {
    const begunMs = monotonicMs()
    think.about(() => {
      ended.push({ id, tookMs: monotonicMs() - begunMs })
      if (ended.length === count) all.resolve()
    })
    if (pauseMs > 0) await sleep(pauseMs)
  }
  await all.promise
  return ended
}

test('thoughts end in the order in which they began, and never early', async () => {
  think = new ThinkTime(THINK_MS)
  const ended = await thinkAbout(200, 0)
  expect(ended.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, id) => id))
  expect(Math.min(...ended.map(({ tookMs }) => tookMs))).toBeGreaterThanOrEqual(THINK_MS)
})

test('it begins to think again when it has been idle', async () => {
  think = new ThinkTime(THINK_MS)
  const ended = await thinkAbout(5, 3 * THINK_MS)
  expect(ended).toHaveLength(5)
})
