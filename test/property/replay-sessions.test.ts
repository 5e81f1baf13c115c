import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PAYLOAD_KINDS } from '../../src/config/snapshot.ts'
import { recompute } from '../../src/replay/recompute.ts'
import type { FrameLeg } from '../../src/wire/pair-frame.ts'
import { recordedComparison } from '../support/pair-lines.ts'
import { comparePlan, experimentPlan, leg, pairFrame } from '../support/pairs.ts'
import { frame } from '../support/websocket-frames.ts'

/** Few, so that two sessions are often alike. */
const message = fc.constantFrom('{"label":1}', '{ "label": 1 }', '{"label":2}', 'some text', '', '[1e-9,1]', '"x"')
const said = fc.array(message, { maxLength: 4 })
const end = fc.constantFrom<('whole' | 'cut')[]>('whole', 'cut')
const payload = fc.constantFrom(...PAYLOAD_KINDS)

function session(messages: readonly string[]): FrameLeg {
  const frames = messages.map(text => frame(Buffer.from(text), { opcode: 1 }))
  return leg(Buffer.concat(frames), { status: 101, contentType: '' })
}

test('a record that carries both sides of a session compares as the session did, whatever its payload is declared to be', () => {
  const outcomes = new Set<string>()
  fc.assert(
    fc.property(said, said, end, end, payload, (ours, theirs, primary, shadow, payload) => {
      const pairOfSessions = pairFrame(session(ours), session(theirs), {
        session: { primary, shadow },
        method: 'GET',
        path: '/v1/chat/completions',
      })
      const experiment = experimentPlan({ compare: comparePlan({ payload }) })
      const { live, pair } = recordedComparison(pairOfSessions, experiment)
      const anew = recompute(pair, experiment, () => undefined)
      outcomes.add(live.reason ?? live.result)
      if (anew.kind === 'kept') expect(anew.reason).toMatch(/^(rewritten|not_compared)$/)
      else expect([anew.comparison.result, anew.comparison.reason]).toEqual([live.result, live.reason])
    }),
    { numRuns: 1_000 },
  )
  expect([...outcomes].sort()).toEqual(['agree', 'disagree', 'truncated'])
})
