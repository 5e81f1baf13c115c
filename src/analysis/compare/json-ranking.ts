import { isObject } from '../payloads/json-value.ts'
import { rankingByScore, rankingOf, type Ranking } from './ranking.ts'

/** Where rerankers and recommenders put their list; else the whole answer must be one. */
const LIST_FIELDS = ['predictions', 'results', 'data', 'items', 'ranking'] as const
const ID_FIELDS = ['id', 'index', 'label', 'name'] as const
const SCORE_FIELDS = ['relevance_score', 'score'] as const

/**
 * The rankings in a plain JSON answer: a list of ids (texts or whole numbers), a list of scores (numbers with fractions; the
 * places are the items), a list of objects with an id and perhaps a score, or a list of such lists. Objects that all have a
 * score are ranked by it: some servers answer in the order of the request. null: nothing of that kind.
 */
export function jsonRankings(value: unknown): Ranking[] | null {
  const field = isObject(value) ? LIST_FIELDS.find(name => Array.isArray(value[name])) : undefined
  const list: unknown = field === undefined ? value : (value as Record<string, unknown>)[field]
  if (!Array.isArray(list)) return null
  const steps = field === undefined ? [] : [field]
  if (list.length === 0 || !list.every(Array.isArray)) {
    const ranking = rankingIn(list, steps)
    return ranking === null ? null : [ranking]
  }
  const rankings: Ranking[] = []
  for (const [row, items] of list.entries()) {
    const ranking = rankingIn(items as unknown[], [...steps, row])
    if (ranking === null) return null
    rankings.push(ranking)
  }
  return rankings
}

function rankingIn(list: readonly unknown[], steps: readonly (string | number)[]): Ranking | null {
  if (list.every(item => typeof item === 'number') && list.some(item => !Number.isInteger(item))) {
    return rankingByScore(
      list.map((_, place) => String(place)),
      list,
      steps,
    )
  }
  if (list.every(isId)) return rankingOf(list.map(String), steps)
  if (!list.every(isObject)) return null
  const ids: string[] = []
  const scores: number[] = []
  for (const item of list) {
    const id = ID_FIELDS.map(name => item[name]).find(isId)
    if (id === undefined) return null
    ids.push(String(id))
    const score = SCORE_FIELDS.map(name => item[name]).find(each => typeof each === 'number')
    if (score !== undefined) scores.push(score)
  }
  return scores.length === ids.length && ids.length > 0 ? rankingByScore(ids, scores, steps) : rankingOf(ids, steps)
}

function isId(value: unknown): value is string | number | bigint {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
}
