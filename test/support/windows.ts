import {
  emptyArms,
  emptyCounts,
  type Arms,
  type ArmVotes,
  type SealedWindow,
  type WindowCounts,
} from '../../src/wire/window.ts'

type Changes = Partial<Pick<WindowCounts, 'eligible' | 'sampled' | 'sent' | 'pairs'>> & {
  readonly dropped?: Partial<WindowCounts['dropped']>
  readonly unpaired?: Partial<WindowCounts['unpaired']>
  readonly outcomes?: Partial<WindowCounts['outcomes']>
  readonly incomparable?: Partial<WindowCounts['incomparable']>
}

/** Zero but for these. */
export function countsOf({ dropped, unpaired, outcomes, incomparable, ...numbers }: Changes): WindowCounts {
  const counts = { ...emptyCounts(), ...numbers }
  Object.assign(counts.dropped, dropped)
  Object.assign(counts.unpaired, unpaired)
  Object.assign(counts.outcomes, outcomes)
  Object.assign(counts.incomparable, incomparable)
  return counts
}

export function sealedWindow(experiment: string, origin: string, second: number, counts: WindowCounts): SealedWindow {
  return { schema: 'understudy.window/1', experiment, origin, second, counts }
}

/** Which of the laws of a sealed window these counts break. */
export function brokenLaws(counts: WindowCounts): string[] {
  const { eligible, sampled, sent, dropped, pairs, unpaired, outcomes, incomparable } = counts
  const laws: [string, boolean][] = [
    ['eligible >= sampled', eligible >= sampled],
    ['sampled = sent + dropped', sampled === sent + sum(dropped)],
    ['sent = pairs + unpaired', sent === pairs + sum(unpaired)],
    ['pairs = outcomes', pairs === sum(outcomes)],
    ['outcomes.incomparable = incomparable', outcomes.incomparable === sum(incomparable)],
  ]
  return laws.filter(([, holds]) => !holds).map(([law]) => law)
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** Requests of both arms at one percentage; what is not given is zero. */
export function armsOf(percent: number, primary: Partial<ArmVotes>, canary: Partial<ArmVotes>): Record<string, Arms> {
  const empty = emptyArms()
  return { [percent]: { primary: { ...empty.primary, ...primary }, canary: { ...empty.canary, ...canary } } }
}
