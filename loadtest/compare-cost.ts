/**
 * `npm run bench:compare`: what comparing one pair costs the analysis thread, from the bytes of both answers to the
 * comparison. Cases take turns, so that none has the engine's optimiser to itself, and the table holds medians.
 */
import { comparePair } from '../src/analysis/compare/compare-pair.ts'
import { PairBodies } from '../src/analysis/pair-bodies.ts'
import type { FrameLeg } from '../src/wire/pair-frame.ts'
import { comparePlan, experimentPlan, leg, pairFrame } from '../test/support/pairs.ts'
import { readCaseOptions } from './case-options.ts'
import { COMPARE_CASES, type Answer, type CompareCase } from './compare-cases.ts'
import { describeMachine, MachineWatch } from './machine.ts'
import { markdownTable, whole, withRange } from './markdown.ts'
import { spread } from './statistics.ts'

const DEFAULTS = {
  rounds: 9,
  seconds: 1,
  quick: { rounds: 1, seconds: 0.1 },
  cases: COMPARE_CASES.map(({ name }) => name),
}
const WARM_UP_PAIRS = 3000
const PAIRS_PER_LOOK = 50

/** One pair of a case, again and again. */
interface Run {
  readonly of: CompareCase
  readonly compare: () => { readonly task: string }
  /** Microseconds for one pair, one value a round. */
  readonly costs: number[]
}

const options = readCaseOptions(process.argv.slice(2), 'case', DEFAULTS)
const watch = new MachineWatch()
const cases = COMPARE_CASES.filter(({ name }) => options.cases.includes(name))
const runs = cases.map(each => ({ each, alike: runOf(each, each.alike), different: runOf(each, each.different) }))
const all = runs.flatMap(({ alike, different }) => [alike, different])
for (const run of all) for (let i = 0; i < WARM_UP_PAIRS; i++) run.compare()
const secondsPerRun = options.seconds / all.length
for (let round = 0; round < options.rounds; round++) for (const run of all) run.costs.push(measure(run, secondsPerRun))

console.log(
  `\nµs of the thread's processor time per pair, median (range) of ${options.rounds} rounds; ${describeMachine()}.\n`,
)
console.log(
  markdownTable(
    ['pair', 'answers alike', 'nothing alike', 'asked'],
    runs.map(({ each, alike, different }) => [
      `${each.name} (${whole(each.primary.body.length)} B)`,
      withRange(spread(alike.costs), micros),
      withRange(spread(different.costs), micros),
      `≤ ${each.targetUs}`,
    ]),
    1,
  ),
)
console.log(`\n${watch.report()}`)

/** From the bytes of both answers to the comparison, as the analysis thread goes that way. */
function runOf(of: CompareCase, shadow: Answer): Run {
  const frame = pairFrame(legOf(of, of.primary), legOf(of, shadow), { path: of.path })
  const experiment = experimentPlan({ compare: comparePlan(of.isDeclared === true ? { task: of.task } : {}) })
  const compare = () => comparePair(frame, experiment, new PairBodies(frame), fail)
  const { result, reason } = compare()
  if (result === 'incomparable') throw new Error(`${of.name} could not be compared: ${reason}`)
  return { of, compare, costs: [] }
}

function legOf({ contentType }: CompareCase, { body, headerLength = 0 }: Answer): FrameLeg {
  return leg(body, { contentType, headerLength })
}

/** Microseconds of this thread's processor time for one pair: what else runs on the machine takes none of it. */
function measure({ of, compare }: Run, seconds: number): number {
  const before = process.threadCpuUsage()
  const end = performance.now() + seconds * 1e3
  let pairs = 0
  while (performance.now() < end) {
    for (let i = 0; i < PAIRS_PER_LOOK; i++) {
      if (compare().task !== of.task) throw new Error(`${of.name} was compared as something else`)
    }
    pairs += PAIRS_PER_LOOK
  }
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / pairs
}

function fail(_level: string, message: string, fields: object): never {
  throw new Error(`${message}: ${JSON.stringify(fields)}`)
}

function micros(us: number): string {
  return us < 100 ? us.toFixed(1) : whole(us)
}
