/**
 * `record.redact` hides a field and all below it, but the unit of a record was only hidden when its path was the very one of
 * a rule: with `redact: [$.user]` and `unit: json:$.user.id` every record and every Kafka key named the user.
 */
import { expect, test } from 'vitest'
import { loadText, SMALLEST } from '../unit/config/routing-files.ts'

const isRedacted = (unit: string, redact: string): boolean | undefined =>
  loadText(SMALLEST.replace('    primary:', `    unit: ${unit}\n    primary:`) + `record: { redact: ["${redact}"] }\n`)
    .experiments[0]?.unit?.isRedacted

test.each([
  ['json:$.user', '$.user'],
  ['json:$.user.id', '$.user'],
  ['json:$.users[0].id', '$.users[*]'],
  ['json:$.user.id', '$.*'],
  ['json:$.user', '$'],
])('a unit %s is redacted by %s', (unit, redact) => {
  expect(isRedacted(unit, redact)).toBe(true)
})

test.each([
  ['json:$.user', '$.user.id'],
  ['json:$.user', '$.users'],
  ['json:$.session.id', '$.user.id'],
  ['query:user', '$.user'],
])('a unit %s is not redacted by %s', (unit, redact) => {
  expect(isRedacted(unit, redact)).toBe(false)
})
