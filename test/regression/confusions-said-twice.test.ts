/**
 * Many model servers answer with the label and with the scores it was taken from. Both were compared, rightly, and both
 * counted a confusion: "8 became 9" stood in the API and in the report twice as often as there were such answers.
 */
import { expect, test } from 'vitest'
import { Confusions } from '../../src/analysis/confusions.ts'
import { compare } from '../support/compare.ts'
import { floats, labels, oipAnswer } from '../support/oip.ts'

/** Labels of a batch, and scores that have their largest where the label says. */
function answer(...digits: number[]): string {
  const scores = digits.flatMap(digit => [0, 1, 2, 3].map(each => (each === digit ? 0.7 : 0.1)))
  return oipAnswer([floats('probabilities', [digits.length, 4], scores), labels('label', digits)])
}

function confusionsOf(...pairs: [primary: string, shadow: string][]) {
  const confusions = new Confusions()
  for (const [primary, shadow] of pairs) {
    const { labels: changed = [], metrics } = compare(primary, shadow)
    confusions.add(changed, metrics['flips'] ?? 0)
  }
  return confusions.report()
}

const named = (label: number, name: string) => oipAnswer([labels('digit', [label]), labels('shape', [name])])

test('a label and the scores behind it are one confusion, in a batch one for each row', () => {
  expect(confusionsOf([answer(3), answer(2)], [answer(3), answer(2)], [answer(3, 1, 3), answer(2, 1, 2)])).toEqual({
    confusions: [{ primary: '3', shadow: '2', count: 4 }],
    otherConfusions: 0,
  })
})

test('outputs that say different things count each for themselves', () => {
  expect(confusionsOf([named(3, 'round'), named(2, 'square')]).confusions).toEqual([
    { primary: '3', shadow: '2', count: 1 },
    { primary: 'round', shadow: 'square', count: 1 },
  ])
})
