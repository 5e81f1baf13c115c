import { ANY_CHILD, type ComparePlan, type FieldPath } from '../../config/snapshot.ts'
import type { Generation, Generations } from '../payloads/payload.ts'
import type { CostCap } from './cost-cap.ts'
import { pathText, rulesAt, rulesOf, type FieldRules } from './field-path.ts'
import type { Findings } from './findings.ts'
import { textSimilarity } from './text-similarity.ts'
import { toolCallDifferences } from './tool-calls.ts'
import { normalised } from './words.ts'

/** How English-speaking models begin when they decline without saying so in a field of its own. */
const DECLINES =
  /^(i'm|i am|i’m)( really| very| truly)? sorry,?( but)? i (can't|cannot|can not|can’t|won't|won’t|am unable|am not able)|^(sorry, (but )?)?i (can't|cannot|can’t|won't|won’t|am unable to|am not able to) (help|assist|comply|provide|fulfill|do that)/

/** A part of an answer in its body. */
export interface Place {
  /** As differences show it. */
  readonly path: FieldPath
  /** Under which of these it may stand; it is ignored when one of them is. */
  readonly fields: readonly (readonly (string | number)[])[]
}

/** One answer of a model, and where its parts are. */
export interface Choice {
  readonly generation: Generation
  readonly places: {
    readonly text: Place
    readonly toolCalls: Place
    readonly finishReason: Place
    readonly refusal: Place
  }
}

/**
 * The choices of a language model's answer. Any child stands for what differs between chats, streams and completions
 * (`message`, `delta`, or the text itself), so that whatever redacts one of them redacts the difference too.
 */
export function choicesOf({ choices }: Generations): Choice[] {
  return choices.map(generation => ({ generation, places: placesOf(generation) }))
}

function placesOf({ index, steps }: Generation): Choice['places'] {
  if (steps !== undefined) return inOnePlace({ path: steps, fields: [steps] })
  return index === 0 ? FIRST_CHOICE : placesOfChoice(index)
}

function placesOfChoice(index: number): Choice['places'] {
  const choice = ['choices', index] as const
  const said = (name: string, ...others: string[]): Place => ({
    path: [...choice, ANY_CHILD, name],
    fields: [[...choice, 'message', name], [...choice, 'delta', name], ...others.map(other => [...choice, other])],
  })
  const finishReason = [...choice, 'finish_reason']
  return {
    text: said('content', 'text'),
    toolCalls: said('tool_calls'),
    finishReason: { path: finishReason, fields: [finishReason] },
    refusal: said('refusal'),
  }
}

/** Most answers have no other: a score of lists that need not be made again. */
const FIRST_CHOICE = placesOfChoice(0)

/** A text that stands by itself. */
export function choiceAt(steps: readonly (string | number)[], text: string): Choice {
  const generation = { index: 0, text, toolCalls: [], finishReason: null, refusal: null }
  return { generation, places: inOnePlace({ path: steps, fields: [steps] }) }
}

function inOnePlace(place: Place): Choice['places'] {
  return { text: place, toolCalls: place, finishReason: place, refusal: place }
}

/**
 * Generations agree when there are as many choices, and in each the text is the same but for Unicode form, case and white
 * space (or at least `thresholds.similarity` alike), the finish reason is the same, both refuse or neither does, and the
 * tool calls are the same in any order. @throws CostExceeded
 */
export function compareGenerations(
  primary: readonly Choice[],
  shadow: readonly Choice[],
  plan: ComparePlan,
  findings: Findings,
  cost: CostCap,
): void {
  findings.addUp('choices', primary.length)
  if (primary.length !== shadow.length) {
    findings.differ(
      () => pathText(primary[0]?.places.text.path.slice(0, 1) ?? []),
      'size',
      primary.length,
      shadow.length,
    )
    return
  }
  const rules = rulesOf(plan)
  for (const [index, ours] of primary.entries()) {
    new ChoicePair(ours, shadow[index] as Choice, rules, findings).compare(plan.thresholds.similarity, cost)
  }
}

class ChoicePair {
  readonly #ours: Generation
  readonly #theirs: Generation
  readonly #places: Choice['places']
  readonly #rules: FieldRules | null
  readonly #findings: Findings

  constructor(primary: Choice, shadow: Choice, rules: FieldRules | null, findings: Findings) {
    this.#ours = primary.generation
    this.#theirs = shadow.generation
    this.#places = primary.places
    this.#rules = rules
    this.#findings = findings
  }

  compare(leastSimilarity: number | null, cost: CostCap): void {
    const { finishReason, toolCalls, refusal, text } = this.#places
    if (this.#ours.finishReason !== this.#theirs.finishReason) {
      this.#differ(finishReason, 'value', this.#ours.finishReason, this.#theirs.finishReason)
    }
    if ((this.#ours.refusal === null) !== (this.#theirs.refusal === null)) {
      this.#differ(refusal, 'value', this.#ours.refusal, this.#theirs.refusal)
    }
    this.#findings.addUp('refusal_flips', declines(this.#ours) === declines(this.#theirs) ? 0 : 1)
    if (this.#ours.toolCalls.length > 0 || this.#theirs.toolCalls.length > 0) {
      for (const found of toolCallDifferences(this.#ours.toolCalls, this.#theirs.toolCalls, cost)) {
        this.#differ(toolCalls, found.kind, found.primary, found.shadow)
      }
    }
    if (this.#isCompared(text)) this.#texts(leastSimilarity, cost)
  }

  #texts(least: number | null, cost: CostCap): void {
    const primary = said(this.#ours)
    const shadow = said(this.#theirs)
    const findings = this.#findings
    findings.mean('primary_length', primary.length, 1)
    findings.mean('shadow_length', shadow.length, 1)
    if (primary.length > 0) findings.mean('length_ratio', shadow.length / primary.length, 1)
    const [ours, theirs] = primary === shadow ? ['', ''] : [normalised(primary), normalised(shadow)]
    cost.look()
    if (ours === theirs) {
      for (const metric of ['token_f1', 'rouge_l', 'levenshtein_ratio']) findings.mean(metric, 1, 1)
      return
    }
    const similarity = textSimilarity(ours, theirs, least !== null, cost)
    findings.mean('token_f1', similarity.tokenF1, 1)
    findings.mean('rouge_l', similarity.rougeL, 1)
    findings.mean('levenshtein_ratio', similarity.editRatio, 1)
    findings.mean('first_divergence', similarity.sameWords, 1)
    if (least === null || similarity.rougeL < least) this.#differ(this.#places.text, 'value', primary, shadow)
  }

  #isCompared({ fields }: Place): boolean {
    return fields.every(steps => rulesAt(this.#rules, steps) !== null)
  }

  #differ(place: Place, kind: 'value' | 'missing' | 'extra', ours: unknown, theirs: unknown): void {
    if (this.#isCompared(place)) this.#findings.differ(() => pathText(place.path), kind, ours, theirs)
  }
}

function said(generation: Generation): string {
  return generation.text === '' ? (generation.refusal ?? '') : generation.text
}

function declines(generation: Generation): boolean {
  if (generation.refusal !== null || generation.finishReason === 'content_filter') return true
  return DECLINES.test(generation.text.slice(0, 100).trimStart().toLowerCase())
}
