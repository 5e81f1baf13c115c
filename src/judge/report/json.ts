import { createHash } from 'node:crypto'
import type { GateResult } from '../../evidence/gate.ts'
import { grouped, percent } from '../../evidence/words.ts'
import { partyName } from './build-document.ts'
import { latencyFigure, momentFigure } from './figures.ts'
import type { Bom, Component, DataSet, ModelCard, Property } from './model-card.ts'
import { performanceMetrics } from './performance-metrics.ts'
import type { ReportInput } from './report-input.ts'
import { settings } from './settings.ts'
import { stages } from './stages.ts'

/**
 * The report as a CycloneDX 1.6 document: candidate and primary as machine-learning models, the candidate with a model
 * card. What the card has no field for are properties that begin with `understudy:`.
 */
export function asJson(input: ReportInput): string {
  return `${JSON.stringify(bom(input), null, 2)}\n`
}

function bom(input: ReportInput): Bom {
  const { plan, version, madeAt } = input
  const candidate: Component = { ...model('candidate', plan.candidate), modelCard: modelCard(input) }
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumber(input),
    version: 1,
    metadata: {
      timestamp: madeAt,
      tools: { components: [{ type: 'application', name: 'understudy', version }] },
      component: { type: 'application', 'bom-ref': 'experiment', name: plan.id, description: `Route ${plan.route}` },
    },
    components: [candidate, model('primary', plan.primary)],
  }
}

function model(role: 'candidate' | 'primary', { upstream, version }: ReportInput['plan']['primary']): Component {
  return {
    type: 'machine-learning-model',
    'bom-ref': role,
    name: upstream,
    ...(version === null ? {} : { version }),
    description: `The ${role} of the experiment`,
  }
}

/** The same report has the same number: a UUID of the experiment and the moment (version 8 of RFC 9562). */
function serialNumber({ plan, madeAt }: ReportInput): string {
  const hex = createHash('sha256').update(`${plan.id}\n${madeAt}`).digest('hex')
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(12, 15)}`,
    `8${hex.slice(15, 18)}`,
    hex.slice(18, 30),
  ]
  return `urn:uuid:${groups.join('-')}`
}

function modelCard(input: ReportInput): ModelCard {
  const { compare } = input.plan
  // `auto` says how a thing is found, not what it is.
  const format = compare === null || compare.payload === 'auto' ? null : compare.payload
  return {
    modelParameters: {
      ...(compare === null || compare.task === 'auto' ? {} : { task: compare.task }),
      datasets: [traffic(input)],
      ...(format === null ? {} : { inputs: [{ format }], outputs: [{ format }] }),
    },
    quantitativeAnalysis: { performanceMetrics: performanceMetrics(input) },
    considerations: {
      useCases: [`Requests like those of route ${input.plan.route}`],
      technicalLimitations: limitations(input),
      performanceTradeoffs: tradeoffs(input),
    },
    properties: properties(input),
  }
}

function traffic({ plan, look, counts }: ReportInput): DataSet {
  const { firstSecond, second } = look
  const span =
    firstSecond === null || second === null
      ? 'none yet'
      : `from ${momentFigure(firstSecond)} to ${momentFigure(second + 1)} UTC`
  return {
    type: 'dataset',
    name: `live traffic of route ${plan.route}`,
    description: `Requests that ${partyName(plan.primary)} answered, ${span}: ${grouped(counts.pairs)} pairs of ${grouped(counts.eligible)} eligible exchanges.`,
  }
}

function limitations({ look, plan }: ReportInput): string[] {
  const { share, bounds } = look.coverage
  return [
    `The figures hold for the traffic of this span, not for any other. The first ${plan.verdict.warmUpMs / 1e3} s are not judged.`,
    ...(share === null ? [] : [`${percent(share)} of the sampled exchanges were not lost to the comparison.`]),
    `Whatever was lost, between ${percent(bounds[0])} and ${percent(bounds[1])} of the answers agree with the primary's.`,
    ...look.gates.filter(({ state }) => state !== 'safe').map(({ reason }) => reason),
  ]
}

function tradeoffs({ latency, look }: ReportInput): string[] {
  const primary = latency?.primary.all ?? null
  const shadow = latency?.shadow.all ?? null
  const late = look.thresholdUs === null ? [] : [`An answer counts as late over ${latencyFigure(look.thresholdUs)}.`]
  if (primary === null || shadow === null) return late
  const [ours, theirs] = [primary, shadow].map(
    ({ p50, p99 }) => `${latencyFigure(p50)} (p50), ${latencyFigure(p99)} (p99)`,
  )
  return [`Latency of the candidate: ${theirs}; of the primary: ${ours}.`, ...late]
}

function properties(input: ReportInput): Property[] {
  const { look, override, plan, configuration, counts } = input
  const { verdict, code, reason } = look.decision
  const all: readonly (readonly [name: string, value: string | number])[] = [
    ['experiment', plan.id],
    ['verdict', verdict],
    ['verdict:code', code],
    ['verdict:reason', reason],
    ...(look.second === null ? [] : [['verdict:asOf', new Date((look.second + 1) * 1e3).toISOString()] as const]),
    ...(override === null ? [] : [['verdict:override', JSON.stringify(override)] as const]),
    ['alpha:rollback', plan.verdict.alphaRollback],
    ['alpha:promote', plan.verdict.alphaPromote],
    ['configuration:revision', configuration.revision],
    ['configuration:hash', configuration.hash],
    ...look.gates.flatMap(gateProperties),
    ...stages(counts).flatMap(({ name, count, lost }) => [
      [`exchanges:${name}`, count] as const,
      ...lost.map(each => [`exchanges:lost:${each.reason}`, each.count] as const),
    ]),
    ...settings(plan).map(({ key, value }) => [`setting:${key}`, value] as const),
    ['pairs:stochastic', counts.stochastic],
    ...noiseProperties(input),
    ...(input.confusions?.pairs ?? []).map(
      ({ primary, shadow, count }) => ['confusion', JSON.stringify({ primary, shadow, count })] as const,
    ),
  ]
  return all.map(([name, value]) => ({ name: `understudy:${name}`, value: String(value) }))
}

function noiseProperties({ noise }: ReportInput): (readonly [name: string, value: string | number])[] {
  if (noise === null) return []
  const { control, requests, raw, noise: own, excess, fields, metrics } = noise
  if (raw === null || own === null || excess === null) return [['noise:control', control]]
  return [
    ['noise:control', control],
    ['noise:requests', requests],
    ['noise:raw', raw],
    ['noise:noise', own],
    ['noise:excess', excess],
    ...fields.map(field => ['noise:field', JSON.stringify(field)] as const),
    ...metrics.map(metric => ['noise:metric', JSON.stringify(metric)] as const),
  ]
}

function gateProperties({
  id,
  state,
  n,
  margin,
  logE,
  threshold,
}: GateResult): [name: string, value: string | number][] {
  return [
    [`gate:${id}:state`, state],
    [`gate:${id}:votes`, n],
    [`gate:${id}:margin`, margin],
    [`gate:${id}:logE:harm`, logE.harm],
    [`gate:${id}:logE:safe`, logE.safe],
    [`gate:${id}:threshold:harm`, threshold.harm],
    [`gate:${id}:threshold:safe`, threshold.safe],
  ]
}
