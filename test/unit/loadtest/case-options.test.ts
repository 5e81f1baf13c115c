import { describe, expect, test } from 'vitest'
import { readCaseOptions } from '../../../loadtest/case-options.ts'

const defaults = { rounds: 5, seconds: 14, quick: { rounds: 1, seconds: 4 }, cases: ['headers', 'body', 'read'] }
const read = (...args: string[]) => readCaseOptions(args, 'mode', defaults)

describe('readCaseOptions', () => {
  test('measures all cases unless some are named', () => {
    expect(read()).toEqual({ rounds: 5, seconds: 14, cases: defaults.cases })
    expect(read('--mode', 'read', '--mode', 'body').cases).toEqual(['read', 'body'])
  })

  test('lets what is given win over --quick', () => {
    expect(read('--quick', '--rounds', '3')).toMatchObject({ rounds: 3, seconds: 4 })
  })

  test.each([[['--rounds', '0']], [['--seconds', 'ten']], [['--mode', 'range']], [['--scenario', 'read']]])(
    'refuses %j',
    args => {
      expect(() => read(...args)).toThrow()
    },
  )
})
