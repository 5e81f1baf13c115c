import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { loadDigits } from '../../../../src/cli/demo/digits.ts'
import { imageOfRequest } from '../../../../src/cli/demo/request-id.ts'
import { Traffic } from '../../../../src/cli/demo/traffic.ts'
import { startUpstream, type UpstreamHandler, type UpstreamServer } from '../../../support/upstream-server.ts'

const slow: UpstreamHandler = async (_request, respond) => {
  await sleep(300)
  respond.reply(200, {}, '{}')
}

const broken: UpstreamHandler = (request, respond) => {
  if (imageOfRequest(request.header('x-request-id') ?? '') === 0) respond.reset()
  else respond.reply(503, {}, 'busy')
}

describe('the traffic', () => {
  let server: UpstreamServer
  afterEach(() => server.stop())

  async function drive(handler: UpstreamHandler, requestsPerSecond: number, forMs: number) {
    server = await startUpstream(handler)
    const images = loadDigits().slice(0, 3)
    const traffic = new Traffic({ url: `${server.url}/infer`, requestsPerSecond, images })
    traffic.start()
    await sleep(forMs)
    await traffic.stop()
    return traffic.stats()
  }

  const imagesSent = (): (number | null)[] =>
    server.requests.map(request => imageOfRequest(request.header('x-request-id') ?? ''))

  test('sends every image in turn, at its rate, each request under an id of its own', async () => {
    const stats = await drive((_request, respond) => respond.reply(200, {}, '{}'), 100, 500)
    // 51 are due in 500 ms; the end may be late on a busy machine, and what is due then is sent.
    expect(stats.sent).toBeGreaterThanOrEqual(50)
    expect(stats.answered).toEqual({ '2xx': stats.sent })
    expect(stats.failed).toBe(0)
    expect(Math.abs(stats.requestsPerSecond - 100)).toBeLessThan(10)
    const sent = imagesSent()
    // Requests are on several connections, so they may overtake each other; but each image has its turn in each round.
    const times = [...new Set(sent)].map(image => sent.filter(each => each === image).length)
    expect(times).toHaveLength(3)
    expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1)
    const ids = server.requests.map(request => request.header('x-request-id'))
    expect(new Set(ids).size).toBe(stats.sent)
    expect([...stats.answersByImage.values()].reduce((sum, n) => sum + n, 0)).toBe(stats.sent)
    expect(stats.latency?.p50Us).toBeGreaterThan(0)
  })

  test('goes on while answers are slow: the loop is open', async () => {
    const stats = await drive(slow, 100, 300)
    expect(stats.sent).toBeGreaterThanOrEqual(30)
    expect(stats.answered['2xx']).toBe(stats.sent)
    expect(stats.latency?.p50Us).toBeGreaterThan(290_000)
  })

  test('counts error answers by class and broken ones as failed', async () => {
    const stats = await drive(broken, 100, 300)
    expect(stats.failed).toBeGreaterThan(5)
    expect(stats.answered['5xx']).toBeGreaterThan(10)
    expect(stats.failed + (stats.answered['5xx'] ?? 0)).toBe(stats.sent)
    expect(stats.answersByImage.size).toBe(0)
  })
})
