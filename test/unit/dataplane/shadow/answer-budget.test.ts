import { expect, test } from 'vitest'
import { AnswerBudget } from '../../../../src/dataplane/shadow/answer-budget.ts'

const MIB = 1024 * 1024

test('a burst within the budget is free, more uses it up, and time fills it again', () => {
  const budget = new AnswerBudget()
  expect(budget.usedUp(1_000)).toBe(false)
  budget.take(31 * MIB)
  expect(budget.usedUp(1_000)).toBe(false)
  budget.take(2 * MIB)
  expect(budget.usedUp(1_000)).toBe(true)
  expect(budget.usedUp(1_004)).toBe(true)
  expect(budget.usedUp(1_020)).toBe(false)
})

test('a quiet hour does not save up more than one burst', () => {
  const budget = new AnswerBudget()
  budget.usedUp(0)
  budget.usedUp(3_600_000)
  budget.take(33 * MIB)
  expect(budget.usedUp(3_600_000)).toBe(true)
})

test('a steady stream of 100 MiB a second never uses it up', () => {
  const budget = new AnswerBudget()
  const used = Array.from({ length: 10_000 }, (_, ms) => {
    budget.take(0.1 * MIB)
    return budget.usedUp(ms)
  })
  expect(used).not.toContain(true)
})

test('pieces without bytes use it up as well: each takes the thread a microsecond or two', () => {
  const budget = new AnswerBudget()
  budget.usedUp(1_000)
  for (let i = 0; i < 20_000; i++) budget.take(1)
  expect(budget.usedUp(1_000)).toBe(true)
})
