import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadSnapshot } from '../../../src/config/load.ts'
import { ConfigError } from '../../../src/config/problems.ts'
import { loadText, problemsOf, SMALLEST, temporaryDirectory } from './routing-files.ts'

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')

describe('the smallest file', () => {
  test('gets every default', () => {
    const snapshot = loadText(SMALLEST)
    expect(snapshot.listen).toEqual({ host: '127.0.0.1', port: 8080, threads: 3, tls: null })
    expect(snapshot.admin).toEqual({ host: '127.0.0.1', port: 9090, token: null })
    expect(snapshot.limits).toEqual({
      bodyBytes: 67_108_864,
      headersBytes: 32_768,
      connections: 10_000,
      inFlight: 2_000,
      requestMs: 60_000,
      headerWaitMs: 10_000,
      idleMs: 75_000,
    })
    expect(snapshot.upstreams[0]).toEqual({
      name: 'churn-v1',
      version: null,
      endpoints: [{ origin: 'http://127.0.0.1:9001', authority: '127.0.0.1:9001' }],
      balance: 'least-inflight',
      connections: 128,
      timeouts: { connectMs: 1_000, firstByteMs: 30_000, betweenBytesMs: 30_000, totalMs: 60_000 },
      host: { kind: 'preserve' },
      headers: { set: [], remove: [] },
      tls: null,
    })
    expect(snapshot.routes[0]?.shadows[0]).toEqual({
      upstream: 1,
      experiment: 0,
      percent: 100,
      key: { kind: 'request' },
      timeoutMs: 10_000,
      maxInFlight: 64,
      maxBodyBytes: 1_048_576,
      methods: ['POST', 'GET'],
      headers: { set: [], remove: ['authorization', 'cookie'] },
    })
    expect(snapshot.experiments[0]).toEqual({
      id: expect.stringMatching(/^churn\.churn-v2\.[0-9a-f]{8}$/),
      route: 'churn',
      primary: { upstream: 'churn-v1', version: null },
      candidate: { upstream: 'churn-v2', version: null },
      inclusion: 1,
      maxBodyBytes: 1_048_576,
      compare: {
        payload: 'auto',
        task: 'auto',
        ignore: [['id'], ['created']],
        tolerance: { absolute: 1e-6, relative: 1e-3 },
      },
    })
    expect(snapshot.record).toEqual({
      bodies: 'on-disagreement',
      maxBodyBytes: 16_384,
      redactPaths: [['email']],
      redactHeaders: ['authorization', 'cookie'],
    })
    expect(snapshot.sinks).toEqual({
      file: { path: './understudy-pairs.ndjson', rotateBytes: 268_435_456, keep: 4 },
      kafka: null,
    })
    expect(snapshot.log).toEqual({ level: 'info', access: 0 })
  })

  test('can be cloned into a thread unchanged', () => {
    const snapshot = loadText(SMALLEST)
    expect(structuredClone(snapshot)).toEqual(snapshot)
  })
})

describe('sinks', () => {
  test.each(['sinks: {}', 'sinks: { file: null, kafka: null }'])('%s means the file sink', line => {
    expect(loadText(`${SMALLEST}${line}\n`).sinks.file?.keep).toBe(4)
  })

  test('Kafka alone means no file', () => {
    const { sinks } = loadText(`${SMALLEST}sinks: { kafka: { brokers: ["[::1]:9092"], linger: 0ms, tls: {} } }\n`)
    expect(sinks.file).toBeNull()
    expect(sinks.kafka).toEqual({
      brokers: ['[::1]:9092'],
      pairs: 'understudy.pairs',
      windows: 'understudy.windows',
      compression: 'zstd',
      acks: 'all',
      lingerMs: 0,
      tls: { ca: null, cert: null, key: null, servername: null, insecure: false },
      sasl: null,
    })
  })
})

describe('variables', () => {
  const withPercent = (value: string): string => SMALLEST.replace('percent: 100', `percent: ${value}`)
  const percentOf = (value: string, env: NodeJS.ProcessEnv): number | undefined =>
    loadText(withPercent(value), env).routes[0]?.shadows[0]?.percent

  test('are read from the environment, also where a number is needed', () => {
    expect(percentOf('"${SHARE}"', { SHARE: '2.5' })).toBe(2.5)
  })

  test('fall back to their default when unset or empty', () => {
    expect(percentOf('"${SHARE:-7}"', {})).toBe(7)
    expect(percentOf('"${SHARE:-7}"', { SHARE: '' })).toBe(7)
    expect(percentOf('"${SHARE:-7}"', { SHARE: '8' })).toBe(8)
  })

  test('cannot add structure to the file', () => {
    const text = SMALLEST.replace('http://127.0.0.1:9001', '{ endpoints: "http://a", version: "${V}" }')
    expect(loadText(text, { V: '1"\n, balance: round-robin' }).upstreams[0]?.version).toBe('1"\n, balance: round-robin')
  })

  test('keep the place of what follows them', () => {
    const text = SMALLEST.replace('churn-v2, percent: 100', '"${UPSTREAM_WITH_A_LONG_NAME}", percent: 101')
    expect(problemsOf(text, { UPSTREAM_WITH_A_LONG_NAME: 'churn-v2' })).toMatch(/^routing\.yaml:9:67 /)
  })

  test('are escaped by a second $, and nothing else may follow ${', () => {
    const set = (value: string): string =>
      SMALLEST.replace('http://127.0.0.1:9001', `{ endpoints: "http://a", version: '${value}' }`)
    expect(loadText(set('$${A} $5')).upstreams[0]?.version).toBe('${A} $5')
    expect(problemsOf(set('${A-B}'))).toContain('upstreams.churn-v1.version: has a ${ that is not a variable')
  })
})

describe('YAML 1.2', () => {
  test.each(['yes', 'no', 'on', 'off'])('%s is text', word => {
    const text = SMALLEST.replace('http://127.0.0.1:9001', `{ endpoints: "http://a", version: ${word} }`)
    expect(loadText(text).upstreams[0]?.version).toBe(word)
  })

  test('anchors share blocks', () => {
    const text = SMALLEST.replace('http://127.0.0.1:9001', '&v1 { endpoints: "http://a" }').replace(
      'http://127.0.0.1:9002',
      '*v1',
    )
    expect(loadText(text).upstreams[1]?.endpoints[0]?.authority).toBe('a')
  })

  test('aliases that multiply are refused', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x]',
      ...'bcdef'.split('').map((c, i) => `${c}: &${c} [${`*${'abcde'[i]},`.repeat(8)}]`),
    ]
    expect(problemsOf(`${bomb.join('\n')}\n`)).toContain('the YAML repeats aliases too often')
  })
})

describe('TLS files', () => {
  const withTls = (tls: string): string =>
    SMALLEST.replace('listen: 127.0.0.1:8080', `listen: { address: 127.0.0.1:8080, tls: ${tls} }`)
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
    const upstream = (tls: string): string =>
      SMALLEST.replace('http://127.0.0.1:9001', `{ endpoints: "https://a", tls: ${tls} }`)
    expect(loadText(upstream('{ servername: model }')).upstreams[0]?.tls).toEqual({
      ca: null,
      cert: null,
      key: null,
      servername: 'model',
      insecure: false,
    })
    expect(problemsOf(upstream('{ cert: server.pem }'), {}, files)).toContain('names only one of `cert` and `key`')
  })
})

describe('admin', () => {
  const withAdmin = (admin: string): string => `${SMALLEST}admin: ${admin}\n`

  test('token: none opens an address that is not loopback', () => {
    expect(loadText(withAdmin('{ address: 0.0.0.0:9090, token: none }')).admin.token).toBeNull()
  })

  test('a token file loses its line break and nothing else', () => {
    const file = { 'admin.token': ' s3cret \n' }
    expect(loadText(withAdmin('{ address: 0.0.0.0:9090, token: !file admin.token }'), {}, file).admin.token).toBe(
      ' s3cret ',
    )
  })

  test('an empty or absent token file is a problem', () => {
    expect(problemsOf(withAdmin('{ token: !file admin.token }'), {}, { 'admin.token': '\n' })).toContain(
      'the file of !file is empty',
    )
    expect(problemsOf(withAdmin('{ token: !file admin.token }'))).toBe(
      `routing.yaml:10:17  admin.token: the file of !file does not exist
    hint: the path is relative to the routing file, in DIRECTORY`,
    )
  })

  test('cannot share the address of listen', () => {
    expect(problemsOf(withAdmin('{ address: 127.0.0.1:8080 }'))).toContain('is also the address of `listen`')
  })
})

test('a file that cannot be read is a problem without a place', () => {
  const file = `${temporaryDirectory()}/none.yaml`
  const load = () => loadSnapshot(file, { revision: 1, env: {}, cores: 1 })
  expect(load).toThrow(ConfigError)
  expect(load).toThrow(`${file}  the routing file does not exist\n    hint: name it with -c FILE`)
})
