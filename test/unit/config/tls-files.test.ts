import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadText, problemsOf, SMALLEST } from './routing-files.ts'

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

function withTls(tls: string): string {
  return SMALLEST.replace('listen: 127.0.0.1:8080', `listen: { address: 127.0.0.1:8080, tls: ${tls} }`)
}

function withUpstreamTls(tls: string): string {
  return SMALLEST.replace('http://127.0.0.1:9001', `{ endpoints: "https://a", tls: ${tls} }`)
}

describe('TLS files', () => {
  const files = {
    'server.pem': fixture('server.pem'),
    'server.key': fixture('server.key'),
    'other.key': fixture('other.key'),
  }

  test('are read relative to the routing file', () => {
    const { listen } = loadText(withTls('{ cert: server.pem, key: server.key }'), {}, files)
    expect(listen.tls).toEqual({ cert: files['server.pem'], key: files['server.key'], ca: null, clientAuth: false })
  })

  test('may be PEM text from a secret', () => {
    const { listen } = loadText(
      withTls('{ cert: "${CERT}", key: !file server.key }'),
      { CERT: files['server.pem'] },
      files,
    )
    expect(listen.tls?.key).toBe(files['server.key'].trimEnd())
  })

  test('must fit together', () => {
    expect(problemsOf(withTls('{ cert: server.pem, key: other.key }'), {}, files)).toContain(
      'listen.tls.key: does not belong to the certificate',
    )
  })

  test('client_auth needs authorities', () => {
    expect(problemsOf(withTls('{ cert: server.pem, key: server.key, client_auth: true }'), {}, files)).toContain(
      'listen.tls.client_auth: needs `ca`',
    )
  })

  test('an upstream over TLS gets its plan, a client certificate needs its key', () => {
    expect(loadText(withUpstreamTls('{ servername: model }')).upstreams[0]?.tls).toEqual({
      ca: null,
      cert: null,
      key: null,
      servername: 'model',
      insecure: false,
    })
    expect(problemsOf(withUpstreamTls('{ cert: server.pem }'), {}, files)).toContain(
      'names only one of `cert` and `key`',
    )
  })
})
