import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClientTlsPlan } from '../../../../src/config/snapshot.ts'
import { legErrorCode } from '../../../../src/dataplane/upstream/leg-error.ts'
import { failureOf } from '../../../support/call-upstream.ts'
import { selfSigned } from '../../../support/self-signed.ts'
import { startUpstream, type UpstreamServer } from '../../../support/upstream-server.ts'

const CERTIFICATE = selfSigned()
const EXPIRED = selfSigned(['localhost'], -1)

let secure: UpstreamServer
let expired: UpstreamServer
let plain: UpstreamServer

beforeAll(async () => {
  secure = await startUpstream((_request, respond) => respond.reply(200), { tls: CERTIFICATE })
  expired = await startUpstream((_request, respond) => respond.reply(200), { tls: EXPIRED })
  plain = await startUpstream((_request, respond) => respond.reply(200))
})

afterAll(async () => {
  for (const server of [secure, expired, plain]) await server.stop()
})

const tls = (fields: Partial<ClientTlsPlan> = {}): { tls: ClientTlsPlan } => ({
  tls: { ca: null, cert: null, key: null, servername: null, insecure: false, ...fields },
})

describe('the TLS handshake', () => {
  test('succeeds with a certificate we trust', async () => {
    expect(await failureOf(secure.url, tls({ ca: CERTIFICATE.cert }))).toBeNull()
  })

  test('succeeds with any certificate when that is what the user wants', async () => {
    expect(await failureOf(secure.url, tls({ insecure: true }))).toBeNull()
  })

  test('fails with a certificate nobody vouches for', async () => {
    expect(legErrorCode(await failureOf(secure.url, tls()))).toBe('UPSTREAM_TLS')
  })

  test("fails with another authority's certificate", async () => {
    expect(legErrorCode(await failureOf(secure.url, tls({ ca: EXPIRED.cert })))).toBe('UPSTREAM_TLS')
  })

  test('fails with a certificate for another name', async () => {
    const error = await failureOf(secure.url, tls({ ca: CERTIFICATE.cert }), 'models.example')
    expect(legErrorCode(error)).toBe('UPSTREAM_TLS')
  })

  test('fails with a certificate that has expired', async () => {
    expect(legErrorCode(await failureOf(expired.url, tls({ ca: EXPIRED.cert })))).toBe('UPSTREAM_TLS')
  })

  test('fails against a port that does not speak TLS', async () => {
    expect(legErrorCode(await failureOf(plain.url.replace('http:', 'https:'), tls()))).toBe('UPSTREAM_TLS')
  })
})
