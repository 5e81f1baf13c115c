import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { generateLoad } from '../../../loadtest/load-generator.ts'
import type { LoadPlan } from '../../../loadtest/load-plan.ts'

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'
const NO_ERRORS = { refused: 0, reset: 0, timeout: 0, status: 0, protocol: 0, local: 0 }

let open: Server | null = null
const sockets = new Set<Socket>()
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  open?.close()
  open = null
})

/** A server that calls `onRequest` for each packet with a request: the driver's are small and come in one. */
async function serve(onRequest: (socket: Socket, text: string) => void): Promise<number> {
  open = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('data', (bytes: Buffer) => onRequest(socket, bytes.toString('latin1')))
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(open, 'listening')
  return (open.address() as AddressInfo).port
}

function plan(port: number, changes: Partial<LoadPlan> = {}): LoadPlan {
  return {
    port,
    path: '/infer',
    body: '{}',
    ratePerS: 200,
    connections: 4,
    fresh: false,
    warmUpMs: 0,
    measureMs: 500,
    timeoutMs: 2000,
    ...changes,
  }
}

describe('generateLoad', () => {
  test('sends each request once and at its time, on kept connections', async () => {
    const arrivals: number[] = []
    const port = await serve(socket => {
      arrivals.push(performance.now())
      socket.write(ANSWER)
    })
    const result = await generateLoad(plan(port, { measureMs: 1000 }))
    expect(result).toMatchObject({ sent: 200, ok: 200, errors: NO_ERRORS })
    expect(arrivals).toHaveLength(200)
    expect(sockets.size).toBe(4)
    // 199 distances of 5 ms. Single ones jitter on a busy machine; the whole does not, as nothing adds up.
    const spanMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)
    expect(spanMs).toBeGreaterThan(600)
    expect(spanMs).toBeLessThan(2000)
  })

  test('charges a stall to all requests that were due meanwhile, although few were on their way', async () => {
    let requests = 0
    let stalledUntilMs = 0
    const port = await serve(socket => {
      requests++
      if (requests === 100) stalledUntilMs = performance.now() + 500
      const waitMs = Math.max(0, stalledUntilMs - performance.now())
      setTimeout(() => socket.write(ANSWER), waitMs)
    })
    // With one connection a single request meets the stall. A driver that measured from the sending would report one
    // slow answer of 400, a p99 of about a millisecond, and would send fewer requests than were due.
    const result = await generateLoad(plan(port, { connections: 1, measureMs: 2000 }))
    expect(result).toMatchObject({ sent: 400, ok: 400 })
    expect(result.p99Us).toBeGreaterThan(400_000)
    expect(result.maxUs).toBeGreaterThan(490_000)
    // A quarter of the schedule lies in the stall, evenly spread over its waiting times.
    expect(result.p90Us).toBeGreaterThan(200_000)
  })

  test('leaves the warm-up out of everything', async () => {
    const startedMs = performance.now()
    let requests = 0
    const port = await serve(socket => {
      requests++
      // Slow at first; the last slow answer comes well before the measurement.
      setTimeout(() => socket.write(ANSWER), performance.now() - startedMs < 600 ? 400 : 0)
    })
    const result = await generateLoad(plan(port, { connections: 128, warmUpMs: 1500, measureMs: 500 }))
    expect(requests).toBe(400)
    expect(result).toMatchObject({ sent: 100, ok: 100 })
    expect(result.maxUs).toBeLessThan(390_000)
  })

  test('opens a connection for each request when asked to, and says so in the request', async () => {
    const texts = new Set<string>()
    const port = await serve((socket, text) => {
      texts.add(text)
      socket.end(ANSWER)
    })
    const result = await generateLoad(plan(port, { fresh: true }))
    expect(result).toMatchObject({ sent: 100, ok: 100 })
    expect(sockets.size).toBe(100)
    expect([...texts]).toEqual([
      expect.stringMatching(/^POST \/infer HTTP\/1\.1\r\n[^]*connection: close\r\n\r\n\{\}$/),
    ])
  })

  test('counts refused connections', async () => {
    const port = await serve(() => {})
    const closed = once(open as Server, 'close')
    open?.close()
    await closed
    expect(await generateLoad(plan(port))).toMatchObject({ sent: 100, ok: 0, errors: { ...NO_ERRORS, refused: 100 } })
  })

  test('counts lost connections and goes on with new ones', async () => {
    let requests = 0
    const port = await serve(socket => {
      requests++
      if (requests % 4 === 0) socket.resetAndDestroy()
      else if (requests % 4 === 1) socket.end(ANSWER.slice(0, -1))
      else socket.write(ANSWER)
    })
    expect(await generateLoad(plan(port))).toMatchObject({ sent: 100, ok: 50, errors: { ...NO_ERRORS, reset: 50 } })
  })

  test('counts other answers than 2xx, and bytes that are no answer', async () => {
    let requests = 0
    const port = await serve(socket => {
      requests++
      socket.write(requests % 2 === 0 ? 'HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n' : 'SSH-2.0-x\r\n\r\n')
    })
    const result = await generateLoad(plan(port))
    expect(result).toMatchObject({ sent: 100, ok: 0, errors: { ...NO_ERRORS, status: 50, protocol: 50 } })
    // A fast failure is no fast answer.
    expect(result.p50Us).toBe(0)
  })

  test('times out requests without an answer and those that never found a connection', async () => {
    let requests = 0
    const port = await serve(() => requests++)
    const result = await generateLoad(plan(port, { connections: 2, timeoutMs: 200 }))
    expect(result).toMatchObject({ sent: 100, ok: 0, errors: { ...NO_ERRORS, timeout: 100 }, achievedPerS: 0 })
    expect(requests).toBeLessThan(100)
    expect(result.p50Us).toBeGreaterThanOrEqual(199_000)
  })

  test('keeps every connection busy in a closed loop', async () => {
    let underWay = 0
    let most = 0
    const port = await serve(socket => {
      most = Math.max(most, ++underWay)
      setTimeout(() => {
        underWay--
        socket.write(ANSWER)
      }, 10)
    })
    const result = await generateLoad(plan(port, { ratePerS: null, connections: 8, measureMs: 1000 }))
    expect(most).toBe(8)
    expect(result.ok).toBe(result.sent)
    // 8 connections × 100 answers a second at best.
    expect(result.achievedPerS).toBeGreaterThan(8)
    expect(result.achievedPerS).toBeLessThan(820)
  })
})
