import { describe, expect, test } from 'vitest'
import type { Topology } from '../../../loadtest/contender.ts'
import { modelServerConfiguration, requestsOf } from '../../../loadtest/nginx-model-server.ts'
import { envoyConfiguration } from '../../../loadtest/run-envoy.ts'
import { haproxyConfiguration } from '../../../loadtest/run-haproxy.ts'
import { routingFile } from '../../../loadtest/run-proxy.ts'

const ALONE = { primaryPort: 9001, shadow: null }
const SHADOWED = { primaryPort: 9001, shadow: { url: 'http://127.0.0.1:9002' } }

function envoyText(topology: Topology, bufferBytes: number | null = null): string {
  return JSON.stringify(envoyConfiguration(topology, 8080, { bufferBytes }))
}

describe('envoyConfiguration', () => {
  test('mirrors all requests to the shadow, and only when there is one', () => {
    expect(envoyText(ALONE)).not.toMatch(/mirror|candidate/)
    expect(envoyText(ALONE)).toContain('"port_value":9001')
    expect(envoyText(SHADOWED)).toContain('"request_mirror_policies":[{"cluster":"candidate"')
    expect(envoyText(SHADOWED)).toContain('"numerator":100')
    expect(envoyText(SHADOWED)).toContain('"port_value":9002')
  })

  test('enlarges the buffers of the listener and of both clusters, or none', () => {
    expect(envoyText(SHADOWED)).not.toContain('per_connection_buffer_limit_bytes')
    expect(envoyText(SHADOWED, 4096).match(/"per_connection_buffer_limit_bytes":4096/g)).toHaveLength(3)
  })
})

test('HAProxy forwards to the primary with one thread', () => {
  const lines = haproxyConfiguration(9001, 8080).split('\n')
  expect(lines).toContain('  nbthread 1')
  expect(lines).toContain('  bind 127.0.0.1:8080')
  expect(lines.some(line => line.startsWith('  server primary 127.0.0.1:9001'))).toBe(true)
})

describe('the model server in nginx', () => {
  test('reads the body before it answers only when it is asked to', () => {
    expect(modelServerConfiguration(9001, '{"a":1}', 'head')).toContain(
      `location / { default_type application/json; return 200 '{"a":1}'; }`,
    )
    expect(modelServerConfiguration(9001, '{"a":1}', 'head')).not.toContain('mirror')
    expect(modelServerConfiguration(9001, '{"a":1}', 'body')).toContain('location / { mirror /read;')
  })

  test.each([`it's`, '$arg', 'a\\n'])('refuses the answer %s, which nginx would change', answer => {
    expect(() => modelServerConfiguration(9001, answer, 'head')).toThrow('nginx would change')
  })

  test('counts requests, not connections', () => {
    const status =
      'Active connections: 1 \nserver accepts handled requests\n 7 7 12345 \nReading: 0 Writing: 1 Waiting: 0 \n'
    expect(requestsOf(status)).toBe(12_345)
    expect(() => requestsOf('<html>404</html>')).toThrow('not the status')
  })
})

describe('routingFile', () => {
  test('leaves everything at its default but one thread', () => {
    expect(routingFile(SHADOWED)).toEqual({
      listen: { address: '127.0.0.1:0', threads: 1 },
      admin: { address: '127.0.0.1:0' },
      upstreams: {
        primary: { endpoints: 'http://127.0.0.1:9001' },
        candidate: { endpoints: 'http://127.0.0.1:9002' },
      },
      routes: [
        {
          name: 'churn',
          match: { path: '/v2/models/churn/infer' },
          primary: 'primary',
          shadows: [{ upstream: 'candidate', percent: 100 }],
        },
      ],
    })
    expect(routingFile(ALONE)).toMatchObject({ routes: [{ shadows: [] }] })
  })

  test('says what a form asks for', () => {
    const sinks = { kafka: { brokers: ['127.0.0.1:9092'] } }
    const form = {
      threads: 2,
      limits: { in_flight: 7 },
      connections: 256,
      maxInFlight: 1024,
      maxBody: '2MiB',
      compare: 'off',
      record: 'off',
      sinks,
    } as const
    expect(routingFile(SHADOWED, form)).toMatchObject({
      listen: { threads: 2 },
      limits: { in_flight: 7 },
      upstreams: { primary: { connections: 256 }, candidate: { connections: 256 } },
      routes: [{ shadows: [{ max_in_flight: 1024, max_body: '2MiB' }], compare: 'off' }],
      record: 'off',
      sinks,
    })
  })
})
