import { expect, test } from 'vitest'
import { TurnQueue } from '../../../src/dataplane/turn-queue.ts'

const nextTurn = (): Promise<void> => new Promise(resolve => void setImmediate(resolve))

test('what can wait is done in its order, one piece a turn', async () => {
  const queue = new TurnQueue()
  const done: string[] = []
  queue.add(() => done.push('first'))
  queue.add(() => {
    done.push('second')
    queue.add(() => done.push('last'))
  })
  queue.add(() => done.push('third'))
  const seen: string[][] = [[...done]]
  for (let turn = 0; turn < 5; turn++) {
    await nextTurn()
    seen.push([...done])
  }
  expect(seen.map(turn => turn.length)).toEqual([0, 1, 2, 3, 4, 4])
  expect(done).toEqual(['first', 'second', 'third', 'last'])
})

test('a queue that was empty begins again', async () => {
  const queue = new TurnQueue()
  let done = 0
  for (let round = 1; round <= 3; round++) {
    queue.add(() => done++)
    await nextTurn()
    expect(done).toBe(round)
  }
})
