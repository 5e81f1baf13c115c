import { grouped, percent } from '../../evidence/words.ts'
import type { Fact, ReportDocument } from './document.ts'
import { momentFigure, NOTHING } from './figures.ts'
import type { ReportInput } from './report-input.ts'
import { answersSection } from './sections/answers.ts'
import { configurationSection } from './sections/configuration.ts'
import { gatesSection } from './sections/gates.ts'
import { latencySection } from './sections/latency.ts'
import { noiseSection } from './sections/noise.ts'
import { trafficSection } from './sections/traffic.ts'

/** The report as people read it: the answer first, then what it rests on. */
export function buildDocument(input: ReportInput): ReportDocument {
  const { decision } = input.look
  return {
    title: `${decision.verdict}: ${partyName(input.plan.candidate)} on route ${input.plan.route}`,
    verdict: decision.verdict,
    reason: decision.reason,
    facts: facts(input),
    sections: [
      gatesSection(input),
      trafficSection(input),
      answersSection(input),
      ...[noiseSection(input) ?? []].flat(),
      latencySection(input),
      configurationSection(input),
    ],
  }
}

/** `v2 (version 2)` */
export function partyName({ upstream, version }: ReportInput['plan']['primary']): string {
  return version === null ? upstream : `${upstream} (version ${version})`
}

function facts({ plan, look, override, madeAt, version }: ReportInput): Fact[] {
  const { firstSecond, second, coverage } = look
  const judged =
    firstSecond === null || second === null
      ? NOTHING
      : `${momentFigure(firstSecond)} to ${momentFigure(second + 1)} UTC, the first ${plan.verdict.warmUpMs / 1e3} s as warm-up`
  const overridden =
    override === null ? '' : `${override.verdict} by ${override.actor} at ${override.at}: ${override.reason}`
  return [
    ...(override === null ? [] : [{ name: 'overridden', value: overridden }]),
    { name: 'experiment', value: plan.id },
    { name: 'candidate', value: partyName(plan.candidate) },
    { name: 'primary', value: partyName(plan.primary) },
    { name: 'seen', value: judged },
    { name: 'pairs judged', value: `${grouped(coverage.paired)} of ${grouped(coverage.sampled)} sampled` },
    {
      name: 'may be wrong',
      value: `a ROLLBACK with a chance of at most ${percent(plan.verdict.alphaRollback)}, a PROMOTE of at most ${percent(plan.verdict.alphaPromote)}`,
    },
    { name: 'made', value: `${madeAt} by Understudy ${version}` },
  ]
}
