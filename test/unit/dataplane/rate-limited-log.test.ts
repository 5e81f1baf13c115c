import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RateLimitedLog } from '../../../src/dataplane/rate-limited-log.ts'
import type { LogMessage } from '../../../src/wire/messages.ts'

let posted: LogMessage[]
let log: RateLimitedLog

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  posted = []
  log = new RateLimitedLog(message => posted.push(message))
})

afterEach(() => void vi.useRealTimers())

const write = (cause: string): void => log.write('warn', cause, 'request failed', { cause })

describe('a rate-limited log', () => {
  test('writes the first line of a cause at once, as it is', () => {
    write('churn/UPSTREAM_CONNECT')
    expect(posted).toEqual([
      { kind: 'log', level: 'warn', message: 'request failed', fields: { cause: 'churn/UPSTREAM_CONNECT' } },
    ])
  })

  test('writes one line a second and cause, and the next one says how many were left out', () => {
    for (let i = 0; i < 100; i++) write('a')
    vi.advanceTimersByTime(999)
    write('a')
    expect(posted).toHaveLength(1)
    vi.advanceTimersByTime(1)
    write('a')
    expect(posted.map(message => message.fields)).toEqual([{ cause: 'a' }, { cause: 'a', suppressed: 100 }])
    vi.advanceTimersByTime(1_000)
    write('a')
    expect(posted.at(-1)?.fields).toEqual({ cause: 'a' })
  })

  test('does not let one cause silence another', () => {
    write('a')
    write('b')
    write('a')
    write('b')
    expect(posted.map(message => message.fields['cause'])).toEqual(['a', 'b'])
  })

  test('goes on writing when there are more causes than it remembers', () => {
    for (let i = 0; i < 5_000; i++) write(`cause-${i}`)
    expect(posted).toHaveLength(5_000)
    write('cause-4999')
    expect(posted).toHaveLength(5_000)
  })
})
