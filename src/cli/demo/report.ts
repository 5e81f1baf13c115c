import type { ExperimentView } from '../../control/admin/experiment-view.ts'
import type { VerdictView } from '../../control/admin/verdict-view.ts'
import type { SinkTotals } from './admin-client.ts'
import { confusions, digitEffects, hardestHit, type Confusion, type DigitEffect } from './confusions.ts'
import type { DifferingImage, Prediction } from './differences.ts'
import type { Digit } from './digits.ts'
import type { Expected } from './expected.ts'
import { total } from './format.ts'
import type { ScenarioName } from './scenarios.ts'
import type { Places } from './stage.ts'
import type { TrafficStats } from './traffic.ts'

/** What one run of the demo showed: the summary is drawn from it, `--json` prints it. */
export interface DemoReport {
  readonly scenario: ScenarioName
  readonly primary: string
  readonly candidate: string
  readonly seconds: number
  readonly requests: {
    readonly sent: number
    readonly answered: Readonly<Record<string, number>>
    readonly failed: number
    readonly perSecond: number
    readonly latency: TrafficStats['latency']
  }
  /** The proxy's own numbers. */
  readonly experiment: string
  /** What the judge said at the end. */
  readonly verdict: VerdictView
  readonly agreement: { readonly compared: number; readonly agree: number; readonly share: number | null }
  readonly counts: ExperimentView['counts']
  readonly latency: ExperimentView['latency']
  /** Disagreements by true digit and both answers; most frequent first. */
  readonly confusions: readonly Confusion[]
  readonly digits: readonly DigitEffect[]
  readonly hardestHit: DigitEffect | null
  /** What the proxy found of itself: it knows no true digits. */
  readonly found: Pick<ExperimentView, 'confusions' | 'otherConfusions' | 'topFields'>
  /** Largest distance first. */
  readonly mostDifferent: readonly ShownImage[]
  /** The same images through both models without any proxy. */
  readonly offline: {
    readonly images: number
    readonly differing: number
    /** Disagreements that the answered requests of this run should have. */
    readonly expectedDisagreements: number
  }
  readonly places: Places
  /** null: no Kafka. */
  readonly kafka: KafkaOutcome | null
}

export interface ShownImage {
  readonly image: number
  readonly label: number
  readonly pixels: readonly number[]
  readonly primary: Prediction
  readonly candidate: Prediction
  readonly distance: number
  readonly times: number
}

export interface KafkaOutcome extends SinkTotals {
  readonly brokers: readonly string[]
}

export interface ReportInput {
  readonly scenario: ScenarioName
  readonly primary: string
  readonly candidate: string
  readonly seconds: number
  readonly traffic: TrafficStats
  readonly experiment: ExperimentView
  readonly verdict: VerdictView
  readonly differing: readonly DifferingImage[]
  readonly expected: Expected
  /** All images: `digits[i].index` is i. */
  readonly digits: readonly Digit[]
  readonly places: Places
  readonly kafka: KafkaOutcome | null
}

const IMAGES_SHOWN = 6

export function demoReport(input: ReportInput): DemoReport {
  const { traffic, experiment, differing, expected, digits } = input
  const { agree, disagree } = experiment.counts.outcomes
  const compared = agree + disagree
  const labels = digits.map(({ label }) => label)
  const found = confusions(differing, labels)
  const effects = digitEffects(found, requestsByDigit(traffic.answersByImage, labels))
  return {
    scenario: input.scenario,
    primary: input.primary,
    candidate: input.candidate,
    seconds: input.seconds,
    requests: {
      sent: traffic.sent,
      answered: traffic.answered,
      failed: traffic.failed,
      perSecond: traffic.requestsPerSecond,
      latency: traffic.latency,
    },
    experiment: experiment.id,
    verdict: input.verdict,
    agreement: { compared, agree, share: compared === 0 ? null : agree / compared },
    counts: experiment.counts,
    latency: experiment.latency,
    confusions: found,
    digits: effects,
    hardestHit: hardestHit(effects),
    found: {
      confusions: experiment.confusions,
      otherConfusions: experiment.otherConfusions,
      topFields: experiment.topFields,
    },
    mostDifferent: differing
      .toSorted((a, b) => b.distance - a.distance || a.image - b.image)
      .slice(0, IMAGES_SHOWN)
      .map(image => shown(image, digits)),
    offline: {
      images: expected.images,
      differing: expected.differing.size,
      expectedDisagreements: [...traffic.answersByImage]
        .filter(([image]) => expected.differing.has(image))
        .reduce((sum, [, answers]) => sum + answers, 0),
    },
    places: input.places,
    kafka: input.kafka,
  }
}

/** Why the run did not show what it should; null: it did. */
export function runFailure({ requests, counts, agreement }: DemoReport): string | null {
  if (requests.sent === 0) return 'no request was sent'
  if ((requests.answered['2xx'] ?? 0) === 0) return 'no request was answered by the primary'
  if (agreement.compared > 0) return null
  return `no pair could be compared: ${counts.pairs} pairs, ${total(counts.dropped)} copies dropped`
}

function requestsByDigit(answersByImage: ReadonlyMap<number, number>, labels: readonly number[]): Map<number, number> {
  const requests = new Map<number, number>()
  for (const [image, answers] of answersByImage) {
    const digit = labels[image] as number
    requests.set(digit, (requests.get(digit) ?? 0) + answers)
  }
  return requests
}

function shown({ image, primary, candidate, distance, times }: DifferingImage, digits: readonly Digit[]): ShownImage {
  const { label, pixels } = digits[image] as Digit
  return { image, label, pixels, primary, candidate, distance, times }
}
