import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Outbox } from '../../../src/dataplane/outbox.ts'
import { AnalysisEnd, framesOf } from '../../support/analysis-end.ts'
import { leg, pairFrame } from '../../support/pairs.ts'

const MIB = 1024 * 1024
const LIMIT_MIB = 64

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

const NOTHING = Buffer.alloc(0)
const small = (id: string) => pairFrame(leg('{}'), leg('{}'), { id })
const large = (id = 'large') => ({ ...small(id), requestBody: Buffer.alloc(MIB) })

/** Fills the way to the analysis thread: no other large pair fits. Resolves with the number of pairs. */
async function fill(): Promise<number> {
  for (let i = 0; i < LIMIT_MIB - 1; i++) {
    outbox.offer(large())
    outbox.flush()
  }
  await analysis.messages(LIMIT_MIB - 1)
  return LIMIT_MIB - 1
}

async function offerAndHear(frame = large('next')) {
  const before = analysis.heard.length
  expect(outbox.offer(frame)).toBe(true)
  outbox.flush()
  return framesOf((await analysis.messages(before + 1)).at(-1))[0]
}

describe('when the analysis thread does not keep up', () => {
  test('bodies are let go, and the pair says so; everything else of it is kept', async () => {
    await fill()
    const heard = await offerAndHear()
    expect(heard).toEqual({
      ...large('next'),
      requestBody: NOTHING,
      primary: leg('{}', { capture: 'let_go', body: NOTHING }),
      shadow: leg('{}', { capture: 'let_go', body: NOTHING }),
    })
  })

  test('pairs are refused when there is no room for their numbers either', async () => {
    await fill()
    let taken = 0
    while (taken < 1_000 && outbox.offer(large())) {
      outbox.flush()
      taken++
    }
    // 9 MiB are left in buffers of a quarter of one: the first MiB up to the limit, then those for pairs without bodies.
    expect(taken).toBeGreaterThanOrEqual(32)
    expect(taken).toBeLessThanOrEqual(36)
    expect(outbox.offer(small('small'))).toBe(false)
  })

  test('bodies are kept again as soon as buffers come back', async () => {
    await fill()
    expect((await offerAndHear())?.primary.capture).toBe('let_go')
    const messages = await analysis.messages(3)
    for (const message of messages) await analysis.giveBack(message)
    const heard = await offerAndHear()
    expect([heard?.primary.capture, heard?.requestBody.length]).toEqual(['complete', MIB])
  })
})

describe('a new analysis thread', () => {
  test('gets what comes next, with all the room, and also what was packed before', async () => {
    await fill()
    outbox.offer(small('packed'))
    const old = analysis
    const heardByOld = old.heard.length
    analysis = new AnalysisEnd()
    outbox.reconnect(analysis.port)
    outbox.offer(large('fresh'))
    outbox.flush()
    const frames = (await analysis.messages(2)).flatMap(framesOf)
    expect(frames.map(frame => [frame.id, frame.primary.capture])).toEqual([
      ['packed', 'complete'],
      ['fresh', 'complete'],
    ])
    expect(old.heard.length).toBe(heardByOld)
    old.close()
  })
})
