import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { packArmRequest, unpackArmRequests, type ArmRequest } from '../../../src/wire/arm-votes.ts'

const request: fc.Arbitrary<ArmRequest> = fc.record({
  arrivedAtUs: fc.nat(),
  key: fc.option(fc.double({ min: 0, max: 100, noNaN: true }).map(Math.abs)),
  percent: fc.double({ min: 0, max: 100, noNaN: true }),
  arm: fc.constantFrom('primary', 'canary'),
  failed: fc.boolean(),
  latencyBucket: fc.nat(64),
})

test('requests of arms come out of their packing as they went in, in order of arrival', () => {
  fc.assert(
    fc.property(fc.uniqueArray(request, { selector: ({ arrivedAtUs }) => arrivedAtUs }), requests => {
      const packed: number[] = []
      for (const each of requests) packArmRequest(packed, each)
      expect(unpackArmRequests(packed)).toEqual(requests.toSorted((a, b) => a.arrivedAtUs - b.arrivedAtUs))
    }),
  )
})
