import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { PAYLOAD_KINDS, TASK_KINDS, type ComparePlan } from '../../src/config/snapshot.ts'
import { recompute } from '../../src/replay/recompute.ts'
import { readRecord } from '../../src/replay/read-record.ts'
import { floats, labels, oipAnswer } from '../support/oip.ts'
import { recordedComparison } from '../support/pair-lines.ts'
import { comparePlan, experimentPlan, INFER_PATH, leg, pairFrame } from '../support/pairs.ts'

/** Bodies of a few shapes, so that two of them are often alike, and often alike but for their white space. */
const value = fc.oneof(
  fc.constantFrom(
    '{"label":1}',
    '{ "label": 1 }',
    '{"label":2}',
    '{"error":"no"}',
    '[0.5,0.5]',
    '[1e-9, 1]',
    '"[redacte]"',
  ),
  fc.constantFrom('', 'no JSON', '{"label":NaN}', '{"encoding":"utf8"}', 'null', '-0', '\u00e9'),
  fc.constantFrom(
    oipAnswer([labels('y', [5])]),
    ` ${oipAnswer([labels('y', [5])])}`,
    oipAnswer([floats('p', [2], [0.2, 0.8])]),
  ),
  fc.json({ maxDepth: 3 }),
)
const side = fc.record({ body: value, status: fc.constantFrom(200, 200, 200, 404, 429, 503) })
const plan: fc.Arbitrary<Partial<ComparePlan>> = fc.record({
  payload: fc.constantFrom(...PAYLOAD_KINDS),
  task: fc.constantFrom(...TASK_KINDS),
  tolerance: fc.constantFrom({ absolute: 1e-6, relative: 1e-3 }, { absolute: 1, relative: 0.5 }),
  ignore: fc.constantFrom([], [['label']]),
})
const compare = fc.option(
  plan.map(changes => comparePlan(changes)),
  { nil: null },
)

test('a record that carries both answers compares as the answers did, by its own settings and by any other', () => {
  let compared = 0
  fc.assert(
    fc.property(
      side,
      side,
      compare,
      compare,
      fc.constantFrom(INFER_PATH, '/predict'),
      (ours, theirs, then, now, path) => {
        const [primary, shadow] = [ours, theirs].map(({ body, status }) => leg(body, { status }))
        if (primary === undefined || shadow === undefined) throw new Error('there are two sides')
        const frame = pairFrame(primary, shadow, { path })
        const { pair } = recordedComparison(frame, experimentPlan({ compare: then }))
        for (const settings of [then, now]) {
          const experiment = experimentPlan({ compare: settings })
          const { live } = recordedComparison(frame, experiment)
          const anew = recompute(pair, experiment, () => undefined)
          if (anew.kind === 'kept') {
            const asWritten = ['text', 'bytes'].includes(live.payload ?? '')
            expect(asWritten ? ['rounded', 'rewritten'] : ['rounded']).toContain(anew.reason)
            continue
          }
          compared++
          // From what was recorded without a comparison it cannot be told whether the bytes were equal.
          const isKnown = then !== null && !['primary_error', 'shadow_error', 'both_error'].includes(pair.result)
          if (settings === then || isKnown) expect(anew.comparison.result).toBe(live.result)
          if (settings === then || isKnown) expect(anew.comparison.reason).toBe(live.reason)
        }
      },
    ),
    { numRuns: 2_000 },
  )
  expect(compared).toBeGreaterThan(2_000)
})

test('no text at all makes the reader of records throw', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), text => void readRecord(text)))
})
