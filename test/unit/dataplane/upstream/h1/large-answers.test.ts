import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CallControl } from '../../../../../src/dataplane/upstream/h1/call.ts'
import { Connections } from '../../../../../src/dataplane/upstream/h1/connections.ts'
import { READ_BYTES } from '../../../../../src/dataplane/upstream/h1/read-turns.ts'
import { endpointPlan, upstreamPlan } from '../../../../support/plans.ts'
import { RecordedCall, requestOf } from '../../../../support/recorded-call.ts'
import { turnEnd } from '../../../../support/upload.ts'
import { startUpstream, type UpstreamServer } from '../../../../support/upstream-server.ts'

const LARGE_BYTES = 1024 * 1024
const CALLS = 24
/** What the line lets through in one turn of the event loop. */
const TURN_BYTES = 512 * 1024

let server: UpstreamServer
let connections: Connections

beforeEach(async () => {
  server = await startUpstream((request, respond) => {
    respond.reply(200, {}, Buffer.alloc(request.target === '/large' ? LARGE_BYTES : 5, 'x'))
  })
  connections = new Connections(endpointPlan(server.url), upstreamPlan(), 'localhost')
})

afterEach(async () => {
  connections.destroy()
  await server.stop()
})

function ask(target: string): { call: RecordedCall; control: CallControl } {
  const call = new RecordedCall('GET')
  return { call, control: connections.send(call, requestOf('GET', target), performance.now()) }
}

/** One of them has begun to come. */
function firstData(calls: readonly RecordedCall[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const call of calls) {
    call.react = what => {
      if (what === 'data') resolve()
    }
  }
  return promise
}

const isOver = (call: RecordedCall): boolean => call.heard.at(-1) === 'end'

describe('many large answers at once', () => {
  test('take no more of one turn than their budget, and all come whole', async () => {
    const calls = Array.from({ length: CALLS }, () => ask('/large').call)
    const readBytes = (): number => calls.reduce((sum, { bytes }) => sum + bytes, 0)
    const perTurn: number[] = []
    let before = 0
    while (before < CALLS * LARGE_BYTES) {
      await turnEnd()
      const now = readBytes()
      perTurn.push(now - before)
      before = now
    }
    expect(await Promise.all(calls.map(call => call.over()))).toEqual(calls.map(() => 'end'))
    // An answer that begins is read once before it can be told to stop.
    const firstReads = CALLS * READ_BYTES
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(TURN_BYTES + firstReads)
    // Behind their beginnings: some turns carry the first read of one that is late, none that of all.
    const later = perTurn.filter(bytes => bytes > 0).slice(CALLS)
    expect(later.length).toBeGreaterThan(CALLS)
    expect(later.toSorted((a, b) => a - b)[Math.floor(later.length / 2)]).toBeLessThanOrEqual(TURN_BYTES + READ_BYTES)
  })

  test('let a small one through that came later', async () => {
    const large = Array.from({ length: CALLS }, () => ask('/large').call)
    await firstData(large)
    const small = ask('/small').call
    const endedBefore = small.over().then(() => large.filter(isOver).length)
    await Promise.all(large.map(call => call.over()))
    expect(await endedBefore).toBeLessThan(CALLS)
  })

  test('are not read on while their client has paused, and not lost for it', async () => {
    const large = Array.from({ length: CALLS }, () => ask('/large'))
    const [paused, ...others] = large as [(typeof large)[number], ...typeof large]
    paused.call.react = what => {
      if (what === 'data') paused.control.pause(paused.call)
    }
    await Promise.all(others.map(({ call }) => call.over()))
    expect(paused.call.bytes).toBeLessThanOrEqual(READ_BYTES)
    paused.call.react = () => {}
    paused.control.resume(paused.call)
    expect([await paused.call.over(), paused.call.bytes]).toEqual(['end', LARGE_BYTES])
  })

  test('can be given up while they wait for their turn', async () => {
    const large = Array.from({ length: CALLS }, () => ask('/large'))
    await firstData(large.map(({ call }) => call))
    const [givenUp, others] = [large.slice(0, CALLS / 2), large.slice(CALLS / 2)]
    for (const { call, control } of givenUp) control.abort(call)
    expect(await Promise.all(others.map(({ call }) => call.over()))).toEqual(others.map(() => 'end'))
    expect(givenUp.filter(({ call }) => isOver(call))).toEqual([])
  })

  test('leave connections that carry the next request', async () => {
    for (let round = 0; round < 2; round++) {
      const calls = Array.from({ length: CALLS }, () => ask('/large').call)
      await Promise.all(calls.map(call => call.over()))
    }
    expect(await ask('/small').call.over()).toBe('end')
    expect(server.connections.opened).toBe(CALLS)
  })
})
