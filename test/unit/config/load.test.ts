import { describe, expect, test } from 'vitest'
import { loadSnapshot } from '../../../src/config/load.ts'
import { ConfigError } from '../../../src/config/problems.ts'
import { loadText, SMALLEST, temporaryDirectory } from './routing-files.ts'

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
      busyShare: 0.85,
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
      health: { path: null, intervalMs: 5_000, unhealthyAfter: 3, healthyAfter: 2 },
      outlier: { errors: 5, ejectMs: 30_000, maxEjectedPercent: 50 },
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
      ceilings: null,
      maxBodyBytes: 1_048_576,
      methods: ['POST', 'GET'],
      headers: { set: [], remove: ['authorization', 'cookie'] },
      path: null,
      setBody: null,
      websockets: false,
    })
    expect(snapshot.experiments[0]).toEqual({
      id: expect.stringMatching(/^churn\.churn-v2\.[0-9a-f]{8}$/),
      route: 'churn',
      role: 'candidate',
      primary: { upstream: 'churn-v1', version: null },
      candidate: { upstream: 'churn-v2', version: null },
      inclusion: 1,
      maxBodyBytes: 1_048_576,
      unit: null,
      compare: {
        payload: 'auto',
        task: 'auto',
        ignore: [['id'], ['created']],
        tolerance: { absolute: 1e-6, relative: 1e-3 },
        fields: [],
        thresholds: { cosine: 0.999, rbo: 0.95, similarity: null },
        limits: { bodyBytes: 4_194_304, timeMs: 50 },
      },
      gates: {
        agreement: { min: 0.99 },
        errors: { maxIncrease: 0.002 },
        latency: { percentile: 99, maxIncrease: 0.005, thresholdUs: null },
        timeToFirstToken: null,
        slowdown: null,
        canaryErrors: null,
        canaryLatency: null,
      },
      verdict: {
        alphaRollback: 0.01,
        alphaPromote: 0.05,
        warmUpMs: 60_000,
        minPairs: 500,
        minDurationMs: 600_000,
        maxDurationMs: 86_400_000,
        coverage: 0.98,
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

test('a file that cannot be read is a problem without a place', () => {
  const file = `${temporaryDirectory()}/none.yaml`
  const load = () => loadSnapshot(file, { revision: 1, env: {}, cores: 1 })
  expect(load).toThrow(ConfigError)
  expect(load).toThrow(`${file}  the routing file does not exist\n    hint: name it with -c FILE`)
})
