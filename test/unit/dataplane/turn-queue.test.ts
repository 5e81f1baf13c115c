import { expect, test } from 'vitest'
import { TurnQueue } from '../../../src/dataplane/turn-queue.ts'

const nextTurn = (): Promise<void> => new Promise(resolve => void setImmediate(resolve))

/** After each turn, how much is done; `busyTurns` of them take a millisecond. */
async function doneAfterTurns(turns: number, busyTurns: number, add: (queue: TurnQueue, done: string[]) => void) {
  let nowMs = 0
  const queue = new TurnQueue(() => nowMs)
  const done: string[] = []
  add(queue, done)
  const counts = [done.length]
  for (let turn = 0; turn < turns; turn++) {
    await nextTurn()
    counts.push(done.length)
    if (turn < busyTurns) nowMs++
  }
  return { counts, done }
}

test('what can wait is done in its order, one piece a turn, and none in the turn in which it came', async () => {
  const { counts, done } = await doneAfterTurns(10, 0, (queue, done) => {
    queue.add(() => done.push('first'))
    queue.add(() => {
      done.push('second')
      queue.add(() => done.push('last'))
    })
    queue.add(() => done.push('third'))
  })
  expect(done).toEqual(['first', 'second', 'third', 'last'])
  expect(counts[1]).toBe(0)
  for (let turn = 1; turn < counts.length; turn++) {
    expect((counts[turn] as number) - (counts[turn - 1] as number)).toBeLessThanOrEqual(1)
  }
})

test('a turn with other work in it is left to that work', async () => {
  const { counts } = await doneAfterTurns(6, 3, (queue, done) => queue.add(() => done.push('it')))
  expect(counts).toEqual([0, 0, 0, 0, 0, 1, 1])
})

test('where every turn has other work, what can wait is done all the same', async () => {
  const { counts } = await doneAfterTurns(14, 14, (queue, done) => {
    queue.add(() => done.push('first'))
    queue.add(() => done.push('second'))
  })
  expect(counts).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2])
})

test('a queue that was empty begins again', async () => {
  const queue = new TurnQueue(() => 0)
  let done = 0
  for (let round = 1; round <= 3; round++) {
    queue.add(() => done++)
    await nextTurn()
    await nextTurn()
    expect(done).toBe(round)
  }
})
