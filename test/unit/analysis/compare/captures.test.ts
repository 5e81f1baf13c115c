import { describe, expect, test } from 'vitest'
import { comparePair } from '../../../../src/analysis/compare/compare-pair.ts'
import { PairBodies } from '../../../../src/analysis/pair-bodies.ts'
import { loadSnapshot } from '../../../../src/config/load.ts'
import { capturedExchanges, type CapturedExchange } from '../../../support/captures.ts'
import { capturedLeg, experimentPlan, pairFrame } from '../../../support/pairs.ts'

/** Captures that hold the same prediction under the same names: what differs is how their servers write it down. */
const ALIKE: readonly (readonly string[])[] = [
  // Invented ids, gzip on the way in.
  [
    'mlserver-triton-json#0',
    'mlserver-triton-json-gzip#0',
    ...[0, 1, 2, 3, 4].map(i => `mlserver-triton-keepalive-noid#${i}`),
  ],
  // JSON and binary tensors.
  ['triton-json#0', 'triton-bin#0', 'triton-binin#0'],
  // The whole answer and the stream of it.
  ['llamacpp-openai-js#0', 'llamacpp-openai-js.1#0'],
  ['llamacpp-curl-sse#0'],
  ['llamacpp-interrupted.2#0'],
  // Probabilities beside the labels.
  ['mlserver-curl-proba-gzipresp#0'],
  ['triton-bin-2out#0'],
  ['kserve-v1-predict#0'],
]

const { experiments } = loadSnapshot('config/minimal.yaml', { revision: 1, env: {}, cores: 1 })
const [experiment = experimentPlan()] = experiments
const exchanges = new Map(capturedExchanges().map(each => [each.name, each]))
const names = ALIKE.flat()

function capture(name: string): CapturedExchange {
  const found = exchanges.get(name)
  if (found === undefined) throw new Error(`there is no capture ${name}`)
  return found
}

/** As the smallest routing file asks; `change` rewrites the body of the shadow. */
function compared(primary: string, shadow: string, change = (body: Buffer): Buffer => body) {
  const theirs = capturedLeg(capture(shadow).answer)
  const body = change(theirs.body)
  const frame = pairFrame(
    capturedLeg(capture(primary).answer),
    { ...theirs, body, bytes: body.length },
    {
      path: capture(primary).path,
    },
  )
  return comparePair(frame, experiment, new PairBodies(frame), (_level, message) => {
    throw new Error(message)
  })
}

const replacing = (text: string, by: string) => (body: Buffer) => {
  const before = body.toString('latin1')
  if (!before.includes(text)) throw new Error(`the capture does not hold ${text}`)
  return Buffer.from(before.replaceAll(text, by), 'latin1')
}

const withOtherIds = (body: Buffer): Buffer =>
  Buffer.from(body.toString().replaceAll(/"(id|created)": ?("[^"]+"|\d+)/g, '"$1":"7"'))

describe('captures of equal predictions, with default settings', () => {
  const pairs = ALIKE.flatMap(group => group.flatMap((a, i) => group.slice(i + 1).map(b => [a, b] as const)))

  test.each([...pairs, ...pairs.map(([a, b]) => [b, a] as const)])('%s agrees with %s', (a, b) => {
    const { result, task, differences } = compared(a, b)
    expect({ result, differences }).toEqual({ result: 'agree', differences: [] })
    expect(task).not.toBe('bytes')
  })

  test('agree across servers once the output has the same name, and [2] is [2,1]', () => {
    const named = replacing(
      '"predict_label","datatype":"INT64","shape":[2,1]',
      '"predict","datatype":"INT64","shape":[2]',
    )
    expect(compared('mlserver-triton-json#0', 'triton-json#0', named)).toMatchObject({
      result: 'agree',
      task: 'classification',
    })
  })

  test('agree when a stream has another id and another time', () => {
    expect(compared('llamacpp-curl-sse#0', 'llamacpp-curl-sse#0', withOtherIds)).toMatchObject({
      result: 'agree',
      task: 'generation',
    })
  })
})

const groupOf = (name: string): number => ALIKE.findIndex(group => group.includes(name))

describe('captures of different predictions, with default settings', () => {
  const pairs = names
    .flatMap(a => names.map(b => [a, b] as const))
    .filter(([a, b]) => groupOf(a) !== groupOf(b) && capture(a).path === capture(b).path)

  test.each(pairs)('%s disagrees with %s', (a, b) => {
    expect(compared(a, b).result).toBe('disagree')
  })

  test.each([
    ['mlserver-triton-json#0', replacing('[5,6]', '[5,7]')],
    ['triton-json#0', replacing('[5,6]', '[5,7]')],
    ['triton-bin#0', replacing('\x06\0\0\0\0\0\0\0', '\x07\0\0\0\0\0\0\0')],
    ['kserve-v1-predict#0', replacing('[5,6]', '[5,7]')],
    ['llamacpp-openai-js.1#0', replacing('ramp', 'damp')],
  ])('%s disagrees with itself once one value is another', (name, change) => {
    const { result, differences } = compared(name, name, change)
    expect([result, differences.length]).toEqual(['disagree', 1])
  })
})
