import { expect, test } from 'vitest'
import { quietLog } from '../../../src/sinks/quiet-log.ts'

test('writes one line per second and cause, and says how many it left out', () => {
  const lines: string[] = []
  let nowMs = 0
  const log = quietLog(
    (_level, message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`),
    () => nowMs,
  )
  for (nowMs = 0; nowMs < 1_500; nowMs += 100) log('warn', 'broker gone', { broker: 'a' })
  nowMs = 500
  log('warn', 'something else', {})
  expect(lines).toEqual([
    'broker gone {"broker":"a"}',
    'broker gone {"broker":"a","suppressed":9}',
    'something else {}',
  ])
})

test('what goes on gets rarer down to a line a minute, and is news again once it has paused', () => {
  const at: number[] = []
  let nowMs = 0
  const log = quietLog(
    () => at.push(nowMs / 1e3),
    () => nowMs,
  )
  for (nowMs = 0; nowMs <= 240_000; nowMs += 500) log('warn', 'broker gone', {})
  expect(at).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183])
  at.length = 0
  // The first line says what was left out before the pause, the next one begins anew.
  for (nowMs = 400_000; nowMs < 600_000; nowMs += 100_000) log('warn', 'broker gone', {})
  for (; nowMs <= 602_000; nowMs += 500) log('warn', 'broker gone', {})
  expect(at).toEqual([400, 500, 600, 601])
})

test('causes without number do not grow it for ever', () => {
  let count = 0
  const log = quietLog(
    () => (count += 1),
    () => 0,
  )
  for (let i = 0; i < 1_000; i++) log('warn', `cause ${i}`, {})
  expect(count).toBe(1_000)
  log('warn', 'cause 999', {})
  expect(count).toBe(1_000)
})
