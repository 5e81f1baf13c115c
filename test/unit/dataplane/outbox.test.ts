import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Outbox } from '../../../src/dataplane/outbox.ts'
import { emptyCounts } from '../../../src/wire/window.ts'
import { AnalysisEnd, bufferOf, framesOf } from '../../support/analysis-end.ts'
import { leg, pairFrame } from '../../support/pairs.ts'
import type { PairFrame } from '../../../src/wire/pair-frame.ts'

const BUFFER_BYTES = 256 * 1024

const pair = (changes: Partial<PairFrame> = {}): PairFrame => pairFrame(leg('{}'), leg('{}'), changes)

let analysis: AnalysisEnd
let outbox: Outbox

beforeEach(() => {
  analysis = new AnalysisEnd()
  outbox = new Outbox(analysis.port)
})

afterEach(() => {
  outbox.close()
  analysis.close()
})

describe('the outbox', () => {
  test('packs pairs into one buffer, in order, and hands it over when told to', async () => {
    for (let i = 0; i < 50; i++) expect(outbox.offer(pair({ id: `pair-${i}` }))).toBe(true)
    outbox.flush()
    const [message] = await analysis.messages(1)
    expect(message).toMatchObject({ kind: 'frames', count: 50 })
    expect(bufferOf(message).byteLength).toBe(BUFFER_BYTES)
    expect(framesOf(message)).toEqual(Array.from({ length: 50 }, (_, i) => pair({ id: `pair-${i}` })))
  })

  test('hands a full buffer over by itself and loses nothing at its edge', async () => {
    const body = Buffer.alloc(60_000, 1)
    for (let i = 0; i < 10; i++) outbox.offer(pair({ id: `pair-${i}`, requestBody: body }))
    outbox.flush()
    const messages = await analysis.messages(3)
    expect(messages.map(message => framesOf(message).length)).toEqual([4, 4, 2])
    expect(messages.flatMap(framesOf).map(frame => frame.id)).toEqual(Array.from({ length: 10 }, (_, i) => `pair-${i}`))
  })

  test('says nothing when there is nothing to hand over', async () => {
    outbox.flush()
    outbox.tally([], 5, 1)
    expect(await analysis.messages(1)).toEqual([{ kind: 'tally', tallies: [], settledBefore: 5, oldestRevision: 1 }])
  })

  test('hands the pairs over before a tally that counts on them', async () => {
    const tally = { revision: 1, experiment: 0, second: 4, counts: emptyCounts(), arms: [] }
    outbox.offer(pair())
    outbox.tally([tally], 5, 1)
    const messages = await analysis.messages(2)
    expect(messages.map(message => message.kind)).toEqual(['frames', 'tally'])
    expect(messages[1]).toEqual({ kind: 'tally', tallies: [tally], settledBefore: 5, oldestRevision: 1 })
  })

  test('gives a pair that is larger than a buffer one of its own', async () => {
    outbox.offer(pair({ id: 'small-1' }))
    outbox.offer(pair({ id: 'large', requestBody: Buffer.alloc(BUFFER_BYTES, 7) }))
    outbox.offer(pair({ id: 'small-2' }))
    outbox.flush()
    const messages = await analysis.messages(3)
    expect(messages.map(message => framesOf(message).map(frame => frame.id))).toEqual([
      ['small-1'],
      ['large'],
      ['small-2'],
    ])
    const large = framesOf(messages[1])[0]
    expect(large?.requestBody.equals(Buffer.alloc(BUFFER_BYTES, 7))).toBe(true)
    expect(bufferOf(messages[1]).byteLength).toBeGreaterThan(BUFFER_BYTES)
  })

  test('hands over what it holds when it closes', async () => {
    outbox.offer(pair({ id: 'last' }))
    outbox.close()
    expect(framesOf((await analysis.messages(1))[0]).map(frame => frame.id)).toEqual(['last'])
  })
})

describe('a buffer that came back', () => {
  test('is used again, for a smaller filling too', async () => {
    for (let i = 0; i < 20; i++) outbox.offer(pair())
    outbox.flush()
    const [first] = await analysis.messages(1)
    // A mark where no frame will be written: a fresh buffer is all zeroes.
    new Uint8Array(bufferOf(first))[BUFFER_BYTES - 1] = 0x5a
    await analysis.giveBack(first)
    outbox.offer(pair({ id: 'second' }))
    outbox.flush()
    const second = (await analysis.messages(2))[1]
    expect(new Uint8Array(bufferOf(second))[BUFFER_BYTES - 1]).toBe(0x5a)
    expect(framesOf(second)).toEqual([pair({ id: 'second' })])
  })

  test('is not used again when it is an odd one', async () => {
    outbox.offer(pair({ requestBody: Buffer.alloc(2 * BUFFER_BYTES) }))
    outbox.flush()
    await analysis.giveBack((await analysis.messages(1))[0])
    outbox.offer(pair())
    outbox.flush()
    expect(bufferOf((await analysis.messages(2))[1]).byteLength).toBe(BUFFER_BYTES)
  })
})
