import { describe, expect, test } from 'vitest'
import type { Place } from '../../../../src/dataplane/linked-list.ts'
import { UnreadAnswers, type KeptRest } from '../../../../src/dataplane/http/unread-answers.ts'

const MIB = 1024 * 1024
const LIMIT_MIB = 40
const PATIENCE_MS = 1_000

/** Keeps a rest for the client called `name`; when that is cut, its name is in `cut`. */
function keep(answers: UnreadAnswers, name: string, cut: string[], nowMs: number, bytes = MIB): Place<KeptRest> | null {
  let place: Place<KeptRest> | null = null
  const answer = {
    giveUpUnread(): void {
      cut.push(name)
      if (place !== null) answers.free(place)
    },
  }
  place = answers.keep(answer, bytes, nowMs)
  return place
}

/** Fills all the memory there is, by clients `0`, `1`, ... that stopped reading a millisecond after one another. */
function fill(answers: UnreadAnswers, cut: string[]): (Place<KeptRest> | null)[] {
  return Array.from({ length: LIMIT_MIB }, (_, at) => keep(answers, `${at}`, cut, at))
}

describe('unread answers', () => {
  test('are kept as long as there is memory, and nobody is cut', () => {
    const answers = new UnreadAnswers()
    const cut: string[] = []
    expect(fill(answers, cut)).not.toContain(null)
    expect([answers.bytes, cut]).toEqual([LIMIT_MIB * MIB, []])
  })

  test('without memory, those that are unread for longest are cut, and only as many as it takes', () => {
    const answers = new UnreadAnswers()
    const cut: string[] = []
    fill(answers, cut)
    expect(keep(answers, 'new', cut, PATIENCE_MS + 10)).not.toBeNull()
    expect(cut).toEqual(['0'])
    expect(keep(answers, 'half', cut, PATIENCE_MS + 10, MIB / 2)).not.toBeNull()
    expect(keep(answers, 'other half', cut, PATIENCE_MS + 10, MIB / 2)).not.toBeNull()
    expect([answers.bytes, cut]).toEqual([LIMIT_MIB * MIB, ['0', '1']])
  })

  test('without memory, clients that have only just stopped reading are not cut', () => {
    const answers = new UnreadAnswers()
    const cut: string[] = []
    fill(answers, cut)
    expect(keep(answers, 'new', cut, PATIENCE_MS - 1)).toBeNull()
    expect([answers.bytes, cut]).toEqual([LIMIT_MIB * MIB, []])
  })

  test('that are read make room for others', () => {
    const answers = new UnreadAnswers()
    const cut: string[] = []
    for (const place of fill(answers, cut)) if (place !== null) answers.free(place)
    expect(answers.bytes).toBe(0)
    expect(fill(answers, cut)).not.toContain(null)
    expect(cut).toEqual([])
  })

  test('that are long are not kept, whatever memory there is', () => {
    const answers = new UnreadAnswers()
    expect([keep(answers, 'fits', [], 0, MIB) !== null, keep(answers, 'long', [], 0, MIB + 1)]).toEqual([true, null])
  })
})
