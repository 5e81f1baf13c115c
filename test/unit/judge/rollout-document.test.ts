import { describe, expect, test } from 'vitest'
import { readRollout } from '../../../src/judge/rollout-document.ts'
import type { RolloutState } from '../../../src/judge/rollout.ts'

const STATES: readonly RolloutState[] = [
  { kind: 'manual', percent: null },
  { kind: 'manual', percent: 12.5 },
  { kind: 'ramping', percent: 5, progress: { cleanMs: 1_000, judgedMs: null } },
  { kind: 'held', percent: 5, progress: { cleanMs: 0, judgedMs: null }, why: 'invalid' },
  { kind: 'done', percent: 100 },
  { kind: 'stopped', verdictId: 'e', reason: 'harm' },
]

const rolloutIn = (state: unknown) => ({ experiment: 'e', state, overruled: null })

describe('a rollout that was kept', () => {
  test.each(STATES)('as $kind is read back', state => {
    expect(readRollout(JSON.parse(JSON.stringify(rolloutIn(state))))).toEqual(rolloutIn(state))
  })

  test('counts no time in which the process was down', () => {
    const state = { kind: 'ramping', percent: 5, progress: { cleanMs: 1_000, judgedMs: 1_700_000_000_000 } }
    expect(readRollout(rolloutIn(state))?.state).toMatchObject({ progress: { cleanMs: 1_000, judgedMs: null } })
  })

  test.each([
    undefined,
    null,
    5,
    'stopped',
    [],
    {},
    rolloutIn(null),
    rolloutIn({ kind: 'flying', percent: 5 }),
    rolloutIn({ kind: 'manual', percent: 101 }),
    rolloutIn({ kind: 'manual', percent: '5' }),
    rolloutIn({ kind: 'done', percent: null }),
    rolloutIn({ kind: 'ramping', percent: 5 }),
    rolloutIn({ kind: 'ramping', percent: 5, progress: { cleanMs: -1 } }),
    rolloutIn({ kind: 'held', percent: 5, progress: { cleanMs: 1 }, why: 'tired' }),
    rolloutIn({ kind: 'stopped', verdictId: 'e' }),
    { ...rolloutIn({ kind: 'done', percent: 5 }), experiment: 5 },
    { ...rolloutIn({ kind: 'done', percent: 5 }), overruled: undefined },
  ])('as %j is none', value => {
    expect(readRollout(value)).toBeNull()
  })
})
