import type { ComparePlan } from '../../config/snapshot.ts'
import type { Comparison } from '../../sinks/findings.ts'
import type { Payload } from '../payloads/payload.ts'
import { compareTensor, compareTensors, type RunTask } from './compare-tensors.ts'
import type { CostCap } from './cost-cap.ts'
import { compareVectors, vectorsOf } from './embedding.ts'
import { Findings } from './findings.ts'
import { choiceAt, choicesOf, compareGenerations, type Choice } from './generation.ts'
import { jsonVectors } from './json-embedding.ts'
import { jsonChoices, tensorChoices } from './json-generation.ts'
import { jsonPrediction } from './json-prediction.ts'
import { jsonRankings } from './json-ranking.ts'
import { compareRankings } from './ranking.ts'
import { ErrorMetrics } from './regression.ts'
import { compareStructure } from './structure.ts'

/**
 * Compares two decoded answers of the same kind by the declared task, or by the one that is recognised.
 * @throws CostExceeded
 */
export function compareAnswers(primary: Payload, shadow: Payload, plan: ComparePlan, cost: CostCap): Comparison {
  const findings = new Findings()
  const task = new AnswerPair(plan, findings, cost).compare(primary, shadow)
  if (task === null) {
    return {
      result: 'incomparable',
      reason: 'wrong_task',
      task: plan.task,
      metrics: {},
      differences: [],
      truncated: false,
    }
  }
  return {
    result: findings.agree ? 'agree' : 'disagree',
    task,
    metrics: findings.metrics(),
    differences: findings.differences,
    truncated: findings.truncated,
    ...(findings.labels.length === 0 ? {} : { labels: findings.labels }),
  }
}

/** Everywhere null: the declared task does not apply to these answers. */
class AnswerPair {
  readonly #plan: ComparePlan
  readonly #findings: Findings
  readonly #cost: CostCap

  constructor(plan: ComparePlan, findings: Findings, cost: CostCap) {
    this.#plan = plan
    this.#findings = findings
    this.#cost = cost
  }

  compare(primary: Payload, shadow: Payload): RunTask | null {
    if (primary.kind === 'json' && shadow.kind === 'json') return this.#json(primary.value, shadow.value)
    if (primary.kind === 'tensors' && shadow.kind === 'tensors') {
      if (this.#plan.task === 'generation') {
        return this.#generations(tensorChoices(primary.tensors), tensorChoices(shadow.tensors))
      }
      return compareTensors(primary.tensors, shadow.tensors, this.#plan, this.#findings, this.#cost)
    }
    if (primary.kind === 'generations' && shadow.kind === 'generations') {
      return this.#isAsked('generation') ? this.#generations(choicesOf(primary), choicesOf(shadow)) : null
    }
    if (primary.kind === 'embeddings' && shadow.kind === 'embeddings') {
      return this.#isAsked('embedding') ? this.#vectors(vectorsOf(primary), vectorsOf(shadow)) : null
    }
    if (primary.kind === 'text' && shadow.kind === 'text') return this.#texts(primary.text, shadow.text)
    if (primary.kind === 'json_lines' && shadow.kind === 'json_lines') {
      return this.#isAsked('structure') ? this.#structure(primary.values, shadow.values) : null
    }
    if (primary.kind === 'bytes' && shadow.kind === 'bytes') {
      if (!this.#isAsked('structure')) return null
      if (primary.length !== shadow.length) this.#findings.differ(() => '$', 'size', primary.length, shadow.length)
      else if (primary.sha256 !== shadow.sha256) {
        this.#findings.differ(() => '$', 'value', `sha256:${primary.sha256}`, `sha256:${shadow.sha256}`)
      }
      return 'bytes'
    }
    throw new TypeError(`cannot compare a payload of kind ${primary.kind} with one of kind ${shadow.kind}`)
  }

  #isAsked(task: ComparePlan['task']): boolean {
    return this.#plan.task === 'auto' || this.#plan.task === task
  }

  #json(primary: unknown, shadow: unknown): RunTask | null {
    switch (this.#plan.task) {
      case 'classification':
        return this.#classes(primary, shadow)
      case 'regression':
        return this.#numbers(primary, shadow)
      case 'embedding':
        return this.#vectors(jsonVectors(primary), jsonVectors(shadow))
      case 'ranking':
        return this.#rankings(primary, shadow)
      case 'generation':
        return this.#generations(jsonChoices(primary), jsonChoices(shadow))
      case 'auto':
      case 'structure':
        return this.#structure(primary, shadow)
    }
  }

  #classes(primary: unknown, shadow: unknown): RunTask | null {
    const ours = jsonPrediction(primary)
    const theirs = jsonPrediction(shadow)
    if (ours === null || theirs === null || ours.steps.length !== theirs.steps.length) return null
    const task = compareTensor(ours.steps, ours.tensor, theirs.tensor, this.#plan, this.#findings, this.#cost)
    return task === 'classification' ? task : null
  }

  /** Every number of the answer within the tolerance, everything else the same. */
  #numbers(primary: unknown, shadow: unknown): RunTask | null {
    const errors = new ErrorMetrics()
    this.#structure(primary, shadow, (ours, theirs) => errors.add(ours, theirs))
    if (errors.values === 0) return null
    errors.report(this.#findings)
    return 'regression'
  }

  #vectors(primary: ReturnType<typeof jsonVectors>, shadow: ReturnType<typeof jsonVectors>): RunTask | null {
    if (primary === null || shadow === null) return null
    compareVectors(primary, shadow, this.#plan.thresholds.cosine, this.#findings, this.#cost)
    return 'embedding'
  }

  #rankings(primary: unknown, shadow: unknown): RunTask | null {
    const ours = jsonRankings(primary)
    const theirs = jsonRankings(shadow)
    if (ours === null || theirs === null) return null
    compareRankings(ours, theirs, this.#plan.thresholds.rbo, this.#findings, this.#cost)
    return 'ranking'
  }

  #generations(primary: readonly Choice[] | null, shadow: readonly Choice[] | null): RunTask | null {
    if (primary === null || shadow === null) return null
    compareGenerations(primary, shadow, this.#plan, this.#findings, this.#cost)
    return 'generation'
  }

  /** A text is what a model wrote, unless it is asked for to the letter. */
  #texts(primary: string, shadow: string): RunTask | null {
    if (this.#plan.task === 'structure') return this.#structure(primary, shadow)
    return this.#isAsked('generation') ? this.#generations([choiceAt([], primary)], [choiceAt([], shadow)]) : null
  }

  #structure(
    primary: unknown,
    shadow: unknown,
    onNumbers: ((primary: number, shadow: number) => void) | null = null,
  ): RunTask {
    compareStructure(primary, shadow, { ...this.#plan, onNumbers, cost: this.#cost }, this.#findings)
    return 'structure'
  }
}
