import { expect, test } from 'vitest'
import { LogLimiter } from '../../../src/analysis/log-limiter.ts'

test('a message that repeats is written a few times, then counted', () => {
  const lines: string[] = []
  const log = new LogLimiter((level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`))
  for (let i = 0; i < 12; i++) log.write('error', 'it failed', { i })
  log.write('info', 'else', {})
  expect(lines).toHaveLength(6)
  log.turn()
  expect(lines.at(-1)).toBe('warn it failed (more of these) {"more":7}')
  log.turn()
  log.write('error', 'it failed', { i: 12 })
  expect(lines).toHaveLength(8)
})
