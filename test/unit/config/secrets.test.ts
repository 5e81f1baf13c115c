import { describe, expect, test } from 'vitest'
import { loadText, problemsOf, SMALLEST } from './routing-files.ts'

const SECRET = 'hunter2-do-not-show'

const hashWithToken = (token: string): string => loadText(`${SMALLEST}admin: { token: ${token} }\n`).hash

describe('no problem shows a secret', () => {
  test.each([
    [
      'a password of a wrong type',
      `${SMALLEST}sinks: { kafka: { brokers: [a:1], sasl: { password: [${SECRET}] } } }\n`,
    ],
    ['a token that is a block', `${SMALLEST}admin: { token: { value: ${SECRET} } }\n`],
    ['credentials in a URL', SMALLEST.replace('http://127.0.0.1:9001', `http://user:${SECRET}@127.0.0.1:9001`)],
    [
      'a header value that cannot be sent',
      SMALLEST.replace(
        'http://127.0.0.1:9001',
        `{ endpoints: "http://a", headers: { set: { x-key: "${SECRET}\\n" } } }`,
      ),
    ],
    [
      'a secret used as a path',
      SMALLEST.replace(
        'listen: 127.0.0.1:8080',
        `listen: { address: 127.0.0.1:8080, tls: { cert: ${SECRET}, key: ${SECRET} } }`,
      ),
    ],
    ['a secret used as a name', SMALLEST.replace('primary: churn-v1', 'primary: !file secret')],
    ['a secret used as a choice', `${SMALLEST}log: { level: !file secret }\n`],
    ['an alias that is not set', `${SMALLEST}admin: { token: *${SECRET} }\n`],
    ['a secret after a broken quote', `${SMALLEST}admin: { token: "x" ${SECRET} }\n`],
  ])('%s', (_name, text) => {
    expect(problemsOf(text, {}, { secret: `${SECRET}\n` })).not.toContain(SECRET)
  })
})

test('the hash depends on secrets, not on the revision', () => {
  expect(hashWithToken('a')).toMatch(/^[0-9a-f]{12}$/)
  expect(hashWithToken('a')).not.toBe(hashWithToken('b'))
  expect(hashWithToken('a')).toBe(hashWithToken('a'))
})
