import { CostExceeded, type CostCap } from './cost-cap.ts'
import { pathText } from './field-path.ts'
import type { Findings } from './findings.ts'
import { kendallTauB, overlapAt, rankBiasedOverlap } from './rank-measures.ts'

/** Of ten items what most pages show; the first ten carry 86 % of the weight at this persistence. */
const OVERLAP_DEPTH = 10
const PERSISTENCE = 0.9
const SHOWN_ITEMS = 8
/** Sorting cannot be interrupted: so many items by their scores took 5 to 16 ms, five times as many 67 to 113. */
const MAX_ITEMS = 20_000
/** What stands behind has a weight of 0.9^1000 in all, less than 1e-45. */
const RANKED_ITEMS = 1000

export interface Ranking {
  /** Best first, each once. */
  readonly items: readonly string[]
  /** By item; null: only the order is known. */
  readonly scores: ReadonlyMap<string, number> | null
  /** Where it is in the answer. */
  readonly steps: readonly (string | number)[]
}

/** An item that is named twice counts where it stands first. @throws CostExceeded */
export function rankingOf(items: readonly string[], steps: Ranking['steps']): Ranking {
  checkSize(items)
  return { items: [...new Set(items)].slice(0, RANKED_ITEMS), scores: null, steps }
}

/** Best score first, equal ones in the order given; NaN comes last. @throws CostExceeded */
export function rankingByScore(items: readonly string[], scores: readonly number[], steps: Ranking['steps']): Ranking {
  checkSize(items)
  const byItem = new Map<string, number>()
  for (const [at, item] of items.entries()) if (!byItem.has(item)) byItem.set(item, orLast(scores[at] as number))
  const sorted = [...byItem].sort(([, a], [, b]) => (a === b ? 0 : b - a))
  return { items: sorted.slice(0, RANKED_ITEMS).map(([item]) => item), scores: byItem, steps }
}

function checkSize(items: readonly string[]): void {
  if (items.length > MAX_ITEMS) throw new CostExceeded(`a ranking of ${items.length} items takes too long to sort`)
}

function orLast(score: number): number {
  return Number.isNaN(score) ? -Infinity : score
}

/**
 * Rankings agree when they have the same first item and a rank-biased overlap (p = 0.9) of at least `least`.
 * @throws CostExceeded
 */
export function compareRankings(
  primary: readonly Ranking[],
  shadow: readonly Ranking[],
  least: number,
  findings: Findings,
  cost: CostCap,
): void {
  findings.addUp('rankings', primary.length)
  if (primary.length !== shadow.length) {
    findings.differ(() => pathText(primary[0]?.steps.slice(0, -1) ?? []), 'size', primary.length, shadow.length)
    return
  }
  for (const [index, ours] of primary.entries()) {
    const theirs = shadow[index] as Ranking
    // Sorting and hashing: some twenty steps an item.
    cost.spend(20 * (ours.items.length + theirs.items.length))
    compareRanking(ours, theirs, least, findings)
  }
}

function compareRanking(ours: Ranking, theirs: Ranking, least: number, findings: Findings): void {
  const rbo = rankBiasedOverlap(ours.items, theirs.items, PERSISTENCE)
  const isSameTop = ours.items[0] === theirs.items[0]
  findings.addUp('top_1_changes', isSameTop ? 0 : 1)
  findings.mean('rbo', rbo, 1)
  findings.minimum('min_rbo', rbo)
  findings.mean('overlap_at_10', overlapAt(OVERLAP_DEPTH, ours.items, theirs.items), 1)
  const tau = tauOfCommon(ours, theirs)
  if (!Number.isNaN(tau)) findings.mean('kendall_tau_b', tau, 1)
  if (isSameTop && rbo >= least) return
  const isReordered = ours.items.length === theirs.items.length && overlapAt(Infinity, ours.items, theirs.items) === 1
  const path = () => pathText(ours.steps)
  findings.differ(path, isReordered ? 'order' : 'value', firstOf(ours), firstOf(theirs))
}

/** Of the items that both have: by their scores where both give some, else by their places. */
function tauOfCommon(ours: Ranking, theirs: Ranking): number {
  const places = new Map(theirs.items.map((item, at) => [item, -at]))
  const common = ours.items.filter(item => places.has(item))
  const ourScores = ours.scores ?? new Map(ours.items.map((item, at) => [item, -at]))
  const theirScores = theirs.scores ?? places
  return kendallTauB(
    common.map(item => ourScores.get(item) as number),
    common.map(item => theirScores.get(item) as number),
  )
}

function firstOf({ items }: Ranking): readonly string[] {
  return items.slice(0, SHOWN_ITEMS)
}
