import { describe, expect, test } from 'vitest'
import { parseWrk } from '../../../loadtest/wrk.ts'

/** As wrk 4.1 prints it, which pads short units with a space. */
function report(p50: string, p99: string, trouble = ''): string {
  return `Running 2s test @ http://127.0.0.1:9001/v2/models/churn/infer
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.52ms    0.91ms  12.99ms   88.67%
    Req/Sec    20.11k     1.81k   22.30k    57.81%
  Latency Distribution
     50%  ${p50}
     75%    1.91ms
     90%    2.33ms
     99%  ${p99}
  40234 requests in 2.00s, 14.34MB read
${trouble}Requests/sec:  20117.33
Transfer/sec:      7.17MB
`
}

describe('parseWrk', () => {
  test('reads counts, rate and latencies', () => {
    expect(parseWrk(report('  1.47ms', '  5.29ms'))).toEqual({
      requests: 40_234,
      requestsPerS: 20_117.33,
      p50Us: 1470,
      p99Us: 5290,
      errors: 0,
    })
  })

  test.each([
    ['845.00us', 845],
    ['  1.47ms', 1470],
    ['  1.33s ', 1_330_000],
    ['  1.50m ', 90_000_000],
  ])('%s is %d µs', (text, us) => {
    expect(parseWrk(report(text, text))).toMatchObject({ p50Us: us, p99Us: us })
  })

  test('counts errors of sockets and answers that are no success', () => {
    const trouble = '  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 50\n'
    expect(parseWrk(report('1.00ms', '2.00ms', trouble)).errors).toBe(60)
  })

  test('refuses what is no report, and a unit it does not know', () => {
    expect(() => parseWrk('unable to connect to 127.0.0.1:9001 Connection refused')).toThrow('not a report of wrk')
    expect(() => parseWrk(report('1.00h', '2.00h'))).toThrow('not a duration')
  })
})
