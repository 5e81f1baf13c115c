import { describe, expect, test } from 'vitest'
import { Judge } from '../../../src/judge/judge.ts'
import type { SealedWindow } from '../../../src/wire/window.ts'
import { quickPlan, START, windowOf } from '../../support/verdicts.ts'

const PLAN = quickPlan()
const SECONDS = 60

function windows(): SealedWindow[] {
  return Array.from({ length: SECONDS }, (_, i) =>
    ['a', 'b'].map(origin =>
      windowOf(START + i, { agree: 100, disagree: i % 7 === 0 ? 1 : 0, shadowUs: 2_000 + i * 100 }, PLAN.id, origin),
    ),
  ).flat()
}

function lookAfter(all: readonly SealedWindow[]) {
  const judge = new Judge()
  judge.apply([PLAN])
  for (const window of all) judge.add(window)
  judge.finish()
  return judge.look(PLAN.id)
}

describe('the judge', () => {
  test('gives the same evidence whichever thread seals first', () => {
    const swapped = windows().map((_, i, all) => all[i ^ 1] as SealedWindow)
    expect(lookAfter(swapped)).toEqual(lookAfter(windows()))
  })

  test('waits for the other threads before it looks at a second', () => {
    const judge = new Judge()
    judge.apply([PLAN])
    const [first, second, third] = [0, 1, 2].map(i => windowOf(START + i, { agree: 10 }, PLAN.id)) as [
      SealedWindow,
      SealedWindow,
      SealedWindow,
    ]
    expect([judge.add(first), judge.add(second)]).toEqual([false, false])
    expect(judge.look(PLAN.id)?.second).toBeNull()
    expect(judge.add(third)).toBe(true)
    expect(judge.look(PLAN.id)?.second).toBe(START)
  })

  test('judges a second that is judged already at once: what waits is later than all that is judged', () => {
    const judge = new Judge()
    judge.apply([PLAN])
    for (let i = 0; i < 9; i++) judge.add(windowOf(START + i, { agree: 10 }, PLAN.id))
    judge.finish()
    expect(judge.kept(PLAN.id)?.judgedThrough).toBe(START + 8)
    expect(judge.add(windowOf(START + 8, { agree: 10 }, PLAN.id, 'another'))).toBe(true)
    expect(judge.add(windowOf(START + 9, { agree: 10 }, PLAN.id))).toBe(false)
  })

  test('knows nothing of experiments that no configuration has named, and keeps those of an earlier one', () => {
    const judge = new Judge()
    expect(judge.add(windowOf(START, { agree: 1 }, 'other'))).toBe(false)
    judge.apply([PLAN])
    judge.apply([])
    expect(judge.look(PLAN.id)).not.toBeNull()
    expect(judge.look('other')).toBeNull()
  })
})
