import { expect, test } from 'vitest'
import { certificateWarnings } from '../../../src/config/certificate-warnings.ts'
import { selfSigned, signedBy } from '../../support/self-signed.ts'
import { loadText, SMALLEST } from './routing-files.ts'

const DAY_MS = 86_400_000
const LISTENER = SMALLEST.replace(
  'listen: 127.0.0.1:8080',
  'listen: { address: 127.0.0.1:8080, tls: { cert: server.pem, key: server.key } }',
)
const CLIENT = SMALLEST.replace(
  'http://127.0.0.1:9001',
  '{ endpoints: "https://127.0.0.1:9001", tls: { cert: server.pem, key: server.key } }',
)

/** Of a file that names this certificate, some days from now. */
function warnings(text: string, { cert, key }: { cert: string; key: string }, days = 0) {
  const snapshot = loadText(text, {}, { 'server.pem': cert, 'server.key': key })
  return certificateWarnings(snapshot, Date.now() + days * DAY_MS)
}

test('a certificate that is valid for a while is none to warn of', () => {
  expect(warnings(LISTENER, selfSigned(['localhost'], 30))).toEqual([])
})

test.each([
  ['listen.tls.cert', LISTENER],
  ['upstreams.churn-v1.tls.cert', CLIENT],
])('%s that has expired, is not valid yet or expires soon is warned of', (path, text) => {
  const certificate = selfSigned(['localhost'], 30)
  const said = (days: number) => warnings(text, certificate, days).map(each => [each.path, each.message])
  expect(said(40)).toEqual([[path, expect.stringMatching(/^the certificate of CN=localhost expired at 20/)]])
  expect(said(-2)).toEqual([[path, expect.stringMatching(/^the certificate of CN=localhost is not valid before 20/)]])
  expect(said(26.5)).toEqual([[path, 'the certificate of CN=localhost expires in 3 days; renew it']])
  expect(said(29.5)).toEqual([[path, 'the certificate of CN=localhost expires within a day; renew it']])
})

test('a certificate further up the chain is looked at too', () => {
  const authority = selfSigned(['Authority'], 10)
  const { cert, key } = signedBy(authority, ['localhost'], 30)
  expect(warnings(LISTENER, { cert: `${cert}${authority.cert}`, key }, 8).map(each => each.message)).toEqual([
    'the certificate of CN=Authority expires in 1 day; renew it',
  ])
})
