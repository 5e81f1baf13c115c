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
