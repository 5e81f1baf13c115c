/**
 * Which bytes of an answer are JSON and which are tensors, only a header of the answer says, and records did not carry it. A
 * replay read binary tensors as JSON that is broken: pairs that had disagreed became incomparable, without a changed setting.
 */
import { expect, test } from 'vitest'
import { recompute } from '../../src/replay/recompute.ts'
import { recordedComparison } from '../support/pair-lines.ts'
import { experimentPlan, leg, pairFrame } from '../support/pairs.ts'

const PLAN = experimentPlan()

function binaryAnswer(label: number) {
  const output = { name: 'label', datatype: 'INT32', shape: [1], parameters: { binary_data_size: 4 } }
  const json = JSON.stringify({ model_name: 'digits', outputs: [output] })
  const body = Buffer.concat([Buffer.from(json), Buffer.from(Int32Array.of(label).buffer)])
  return leg(body, { headerLength: json.length, contentType: 'application/octet-stream' })
}

test.each([5, 250])('binary tensors are compared anew as they were, also where their bytes are no text: %d', label => {
  const { live, pair } = recordedComparison(pairFrame(binaryAnswer(label), binaryAnswer(6)), PLAN)
  expect(live).toMatchObject({ result: 'disagree', payload: 'oip' })
  expect(recompute(pair, PLAN, () => undefined)).toEqual({ kind: 'compared', comparison: live })
})
