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
    expect(result.windows.map(({ p99Us }) => p99Us !== null && p99Us <= result.maxUs)).toEqual(Array(4).fill(true))
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

  test('sends several requests on one connection before the first is answered, and no more than asked for', async () => {
    let underWay = 0
    let most = 0
    const port = await serve((socket, text) => {
      const requests = text.split('POST ').length - 1
      underWay += requests
      most = Math.max(most, underWay)
      setTimeout(() => {
        underWay -= requests
        socket.write(ANSWER.repeat(requests))
      }, 100)
    })
    // 40 of them fall into the 100 ms that an answer takes.
    const load = { ratePerS: 400, measureMs: 200, connections: 1, pipelining: 8 }
    const result = await generateLoad(plan(port, load))
    expect(most).toBe(8)
    expect(result).toMatchObject({ sent: 80, ok: 80, errors: NO_ERRORS })
    expect(sockets.size).toBe(1)
  })

  test('gives each connection one request before any gets a second', async () => {
    const busy = new Set<Socket>()
    let doubled = 0
    const port = await serve((socket, text) => {
      const requests = text.split('POST ').length - 1
      if (requests > 1 || busy.has(socket)) doubled++
      busy.add(socket)
      setTimeout(() => {
        busy.delete(socket)
        socket.write(ANSWER.repeat(requests))
      }, 1)
    })
    const result = await generateLoad(plan(port, { ratePerS: 50, connections: 16, pipelining: 4, measureMs: 1000 }))
    expect(result).toMatchObject({ sent: 50, ok: 50 })
    expect(doubled).toBe(0)
    expect(sockets.size).toBe(16)
  })

  test('loses what was pipelined behind the last answer of a connection', async () => {
    const ended = new Set<Socket>()
    const port = await serve(socket => {
      if (ended.has(socket)) return
      ended.add(socket)
      // By then two more are on their way.
      setTimeout(() => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'), 50)
    })
    const result = await generateLoad(plan(port, { ratePerS: 100, connections: 1, pipelining: 3, measureMs: 600 }))
    expect(result.ok).toBeGreaterThan(0)
    expect(result.errors.reset).toBeGreaterThanOrEqual(result.ok)
    expect(result.ok + result.errors.reset).toBe(60)
  })

  test('times out what waits behind an answer that does not come, and goes on', async () => {
    let connections = 0
    const seen = new Set<Socket>()
    const port = await serve((socket, text) => {
      if (!seen.has(socket)) connections++
      seen.add(socket)
      if (connections > 1) socket.write(ANSWER.repeat(text.split('POST ').length - 1))
    })
    const result = await generateLoad(plan(port, { connections: 1, pipelining: 4, timeoutMs: 200, measureMs: 1000 }))
    expect(result.sent).toBe(200)
    expect(result.ok + result.errors.timeout).toBe(200)
    expect(result.errors.timeout).toBeGreaterThanOrEqual(4)
    expect(result.ok).toBeGreaterThan(100)
    expect(connections).toBe(2)
  })

  test('refuses to pipeline on connections for one request', async () => {
    await expect(generateLoad(plan(1, { fresh: true, pipelining: 2 }))).rejects.toThrow(RangeError)
  })

  test('changes the rate at the times it was given, the warm-up at the first rate', async () => {
    const arrivals: number[] = []
    const port = await serve(socket => {
      arrivals.push(performance.now())
      socket.write(ANSWER)
    })
    const ratePerS = [
      { ratePerS: 50, forMs: 400 },
      { ratePerS: 500, forMs: 200 },
      { ratePerS: 50, forMs: 400 },
    ]
    const result = await generateLoad(plan(port, { ratePerS, warmUpMs: 200, measureMs: 1000 }))
    expect(arrivals).toHaveLength(10 + 20 + 100 + 20)
    expect(result).toMatchObject({ sent: 140, ok: 140 })
    const [from, to] = [arrivals[30] as number, arrivals[129] as number]
    // 99 distances of 2 ms; at the other rate they would take 2 s.
    expect(to - from).toBeLessThan(600)
  })

  test('refuses steps that are not as long as the measurement', async () => {
    const ratePerS = [{ ratePerS: 50, forMs: 400 }]
    await expect(generateLoad(plan(1, { ratePerS, measureMs: 500 }))).rejects.toThrow('400 ms, the measurement 500 ms')
  })

  test('tells the first byte of a stream from its last', async () => {
    const port = await serve(socket => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n')
      setTimeout(() => socket.write('8\r\ndata: 1\n\r\n0\r\n\r\n'), 200)
    })
    const result = await generateLoad(plan(port, { ratePerS: 20, connections: 16 }))
    expect(result).toMatchObject({ sent: 10, ok: 10 })
    expect(result.p50Us).toBeGreaterThanOrEqual(199_000)
    expect(result.firstByteP50Us).toBeGreaterThan(0)
    // However late the machine is: both wait for it, and 200 ms lie between them.
    expect(result.p50Us - result.firstByteP50Us).toBeGreaterThan(100_000)
  })

  test('takes an answer that never began into the first bytes with the time it was waited for', async () => {
    const port = await serve(() => {})
    const result = await generateLoad(plan(port, { connections: 128, timeoutMs: 200 }))
    expect(result.errors.timeout).toBe(100)
    expect(result.firstByteP50Us).toBeGreaterThanOrEqual(199_000)
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
