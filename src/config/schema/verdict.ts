import { z } from 'zod'
import { block, count, duration, expected, number } from './scalars.ts'

const share = (what: string) => number(what, 0, 1, 'a share, for example 0.005 for half a percent')
/** Open at both ends: the logarithms of evidence need room. */
const probability = (hint = 'a share, for example 0.01 for one percent') =>
  number('a number between 0 and 1', 1e-9, 1 - 1e-9, hint)

const percentileOf = (what: string) =>
  number('a percentile', 50, 99.9)
    .prefault(99)
    .describe(`Where \`threshold\` is auto: it is this percentile of the primary's ${what} in the warm-up.`)
const threshold = (what: string) =>
  z
    .union([z.literal('auto'), duration()], { error: expected('`auto` or a duration') })
    .prefault('auto')
    .describe(`${what}; windows know it to the next of 64 edges.`)

const latency = block({
  percentile: percentileOf('latencies'),
  max_increase: share('a share from 0 to 1')
    .prefault(0.005)
    .describe('Most by which the share of answers over the threshold may be larger than the primary has.'),
  threshold: threshold('Latency over which an answer counts as late'),
})

const firstToken = block({
  percentile: percentileOf('times'),
  max_increase: share('a share from 0 to 1')
    .prefault(0.005)
    .describe('Most by which the share of streams over the threshold may be larger than the primary has.'),
  threshold: threshold('Time after which a first token is late'),
})

const maxRatio = (most: number) =>
  number('a ratio over 0', 0.01, 1000)
    .prefault(most)
    .describe("Harm: the canary's clients meet it over this many times as often as the primary's.")
const canaryIncrease = () =>
  share('a share from 0 to 1')
    .prefault(0.005)
    .describe("Safe: the canary's share is at most the primary's of the warm-up and this.")

const canaryLatency = block({
  percentile: percentileOf('latencies'),
  max_ratio: maxRatio(1.5),
  max_increase: canaryIncrease(),
  threshold: threshold('Latency over which an answer counts as late'),
})

const gates = block({
  agreement: block({
    min: probability('a share, for example 0.99').optional().describe('Least share of pairs that agree.'),
    below_noise: probability()
      .optional()
      .describe(
        'Instead of min: most by which it may be below the share in which the control agrees with the primary.',
      ),
  })
    .nullable()
    .default(null)
    .describe('Do the answers agree?'),
  errors: block({
    max_increase: probability().describe('Most by which the share of failures may be larger than the primary has.'),
  })
    .nullable()
    .default(null)
    .describe('Does the candidate fail more often?'),
  latency: latency.nullable().default(null).describe('Is the candidate late more often?'),
  time_to_first_token: firstToken
    .nullable()
    .default(null)
    .describe('Is the first token of a streamed answer late more often?'),
  slowdown: block({
    median_ratio: number('a ratio of at least 1', 1, 1000).describe('Largest median of shadow over primary latency.'),
  })
    .nullable()
    .default(null)
    .describe('Is the candidate slower as a rule?'),
  canary_errors: block({ max_ratio: maxRatio(1.1), max_increase: canaryIncrease() })
    .nullable()
    .default(null)
    .describe("Do requests of the canary's clients fail more often than those of the primary's?"),
  canary_latency: canaryLatency
    .nullable()
    .default(null)
    .describe("Are answers to the canary's clients late more often than those to the primary's?"),
})

/** What a route without a block of gates asks of a shadow, and of a canary; a block declares just what it holds. */
export const GATES_OF_PAIRS = gates.parse({ agreement: { min: 0.99 }, errors: { max_increase: 0.002 }, latency: {} })
export const GATES_OF_ARMS = gates.parse({ canary_errors: {}, canary_latency: {} })

export const routeGates = gates
  .optional()
  .describe(
    'What a candidate must show to be promoted, each with its margin. Absent: agreement, errors and latency of a shadow, canary_errors and canary_latency of a canary.',
  )

const alpha = block({
  rollback: probability()
    .prefault(0.01)
    .describe('Chance of a false ROLLBACK, over all gates and however often one looks.'),
  promote: probability().prefault(0.05).describe('Chance of a wrong PROMOTE, likewise.'),
})

export const verdict = block({
  alpha: alpha.prefault({}).describe('How often a verdict may be wrong.'),
  warm_up: duration(0).prefault('60s').describe('The first part of an experiment, shown and not judged.'),
  min_pairs: count(1, 1_000_000_000).prefault(500).describe('No PROMOTE before so many pairs.'),
  min_duration: duration(0).prefault('10m').describe('No PROMOTE before this time.'),
  max_duration: duration().prefault('24h').describe('Undecided for so long is EXPIRED.'),
  coverage: share('a share from 0 to 1')
    .prefault(0.98)
    .describe('No PROMOTE when fewer of the sampled exchanges were compared.'),
})
  .prefault({})
  .describe('When there is a verdict, and how sure it has to be.')
