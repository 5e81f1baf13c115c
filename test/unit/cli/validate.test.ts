import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SMALLEST, writeFiles } from '../config/routing-files.ts'
import { selfSigned } from '../../support/self-signed.ts'
import { understudy } from './command-line.ts'

const pem = (name: string): string => readFileSync(new URL(`../config/fixtures/${name}`, import.meta.url), 'utf8')

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(done => server.close(done))
  return port
}

const upstreams = (first: string, second: string): string =>
  SMALLEST.replace('http://127.0.0.1:9001', first).replace('http://127.0.0.1:9002', second)

describe('validate', () => {
  test('summarises a valid file', async () => {
    const file = writeFiles({ 'routing.yaml': SMALLEST })
    const { code, stdout } = await understudy(['validate', '-c', file])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      new RegExp(
        `^${file} is valid: 2 upstreams, 1 route, 1 experiment\n  churn\\.churn-v2\\.[0-9a-f]{8}: churn-v1 against churn-v2, 100 %\n$`,
      ),
    )
  })

  test('prints problems as JSON', async () => {
    const file = writeFiles({ 'routing.yaml': SMALLEST.replace(', percent: 100', '') })
    const { code, stdout } = await understudy(['validate', '-c', file, '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      valid: false,
      file,
      problems: [
        {
          file,
          line: 9,
          column: 15,
          path: 'routes[0].shadows[0].percent',
          message: 'is required',
          hint: 'Understudy never guesses a share: say which share of the requests is copied, from 0 to 100',
        },
      ],
    })
  })
})

test('warns of a certificate that has expired, and the file is valid', async () => {
  const { cert, key } = selfSigned(['localhost'], -1)
  const text = SMALLEST.replace('127.0.0.1:8080', '{ address: 127.0.0.1:8080, tls: { cert: a.pem, key: a.key } }')
  const file = writeFiles({ 'routing.yaml': text, 'a.pem': cert, 'a.key': key })
  const { code, stderr } = await understudy(['validate', '-c', file])
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining('warning: listen.tls.cert: the certificate of CN=localhost'),
  ])
  const { warnings } = JSON.parse((await understudy(['validate', '-c', file, '--json'])).stdout) as {
    warnings: unknown
  }
  expect(warnings).toEqual([{ path: 'listen.tls.cert', message: expect.stringContaining('expired at') }])
})

const CONNECTED = { found: 'accepts connections', problem: null }

describe('validate --probe', () => {
  test('is content when all is reachable, and says how much it has seen: TCP, TLS and the directory of the file', async () => {
    const plain = await listening(createServer(socket => socket.end()))
    const secure = await listening(createTlsServer({ cert: pem('server.pem'), key: pem('server.key') }))
    const text = `${upstreams(`http://127.0.0.1:${plain}`, `{ endpoints: "https://127.0.0.1:${secure}", tls: { ca: server.pem } }`)}sinks: { file: {} }\n`
    const file = writeFiles({ 'routing.yaml': text, 'server.pem': pem('server.pem') })
    const { code, stdout, stderr } = await understudy(['validate', '-c', file, '--probe', '--json'], dirname(file))
    expect(stderr).toBe('')
    const { probes } = JSON.parse(stdout) as { probes: object[] }
    expect(probes).toEqual([
      { target: 'upstream churn-v1', address: `http://127.0.0.1:${plain}`, ok: true, ...CONNECTED },
      { target: 'upstream churn-v2', address: `https://127.0.0.1:${secure}`, ok: true, ...CONNECTED },
      { target: 'sink file', address: './understudy-pairs.ndjson', ok: true, found: 'can be written', problem: null },
    ])
    expect(code).toBe(0)
  })

  test('ends with 3 and says what is not reachable, and why', async () => {
    const [closed, untrusted, silent] = [
      await closedPort(),
      await listening(createTlsServer({ cert: pem('server.pem'), key: pem('server.key') })),
      await listening(createServer(() => undefined)),
    ]
    const text = `${upstreams(
      `{ endpoints: ["http://127.0.0.1:${closed}", "https://127.0.0.1:${untrusted}"] }`,
      `{ endpoints: "https://127.0.0.1:${silent}", timeouts: { connect: 200ms } }`,
    )}sinks: { file: { path: routing.yaml/pairs.ndjson }, kafka: { brokers: ["127.0.0.1:${closed}"] } }\n`
    const file = writeFiles({ 'routing.yaml': text })
    const { code, stderr } = await understudy(['validate', '-c', file, '--probe'], dirname(file))
    expect(code).toBe(3)
    expect(stderr.trimEnd().split('\n')).toEqual([
      `  upstream churn-v1 http://127.0.0.1:${closed}: connection refused: nothing listens there`,
      `  upstream churn-v1 https://127.0.0.1:${untrusted}: the certificate is not trusted: name its authority with tls.ca`,
      `  upstream churn-v2 https://127.0.0.1:${silent}: no connection within 200 ms`,
      `  sink file routing.yaml/pairs.ndjson: ${file} is not a directory`,
      `  sink kafka 127.0.0.1:${closed}: connection refused: nothing listens there`,
    ])
  })

  test('says of an https endpoint that answers without TLS what to do', async () => {
    const plain = await listening(createHttpServer())
    const file = writeFiles({ 'routing.yaml': upstreams(`https://127.0.0.1:${plain}`, `http://127.0.0.1:${plain}`) })
    const { code, stderr } = await understudy(['validate', '-c', file, '--probe'], dirname(file))
    const problem = 'it does not speak TLS: use http://'
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: `  upstream churn-v1 https://127.0.0.1:${plain}: ${problem}\n`,
    })
  })

  test('does not take every listener for a broker, nor every answer for health', async () => {
    const [silent, sick] = [
      await listening(createServer(socket => socket.end())),
      await listening(
        createHttpServer((request, response) => response.writeHead(request.url === '/ok' ? 204 : 503).end()),
      ),
    ]
    const upstream = (path: string) => `{ endpoints: "http://127.0.0.1:${sick}", health: { path: ${path} } }`
    const text = `${upstreams(upstream('/ok'), upstream('/sick'))}sinks: { kafka: { brokers: ["127.0.0.1:${silent}"] } }\n`
    const file = writeFiles({ 'routing.yaml': text })
    const { code, stdout, stderr } = await understudy(['validate', '-c', file, '--probe'])
    expect(code).toBe(3)
    expect(stdout).toContain(`  upstream churn-v1 http://127.0.0.1:${sick}: is healthy\n`)
    const [health, kafka] = stderr.split('\n')
    expect(health).toBe(
      `  upstream churn-v2 http://127.0.0.1:${sick}: answers 503 to /sick (health.path), which counts as broken`,
    )
    expect(kafka).toContain(
      `  sink kafka 127.0.0.1:${silent}: accepts connections, but does not answer like a broker: `,
    )
  })

  test('is content with a file sink that serve would make the directory of, and with a device', async () => {
    const open = await listening(createServer(socket => socket.end()))
    const text = upstreams(`http://127.0.0.1:${open}`, `http://127.0.0.1:${open}`)
    const file = writeFiles({ 'routing.yaml': `${text}sinks: { file: { path: a/b/pairs.ndjson } }\n` })
    expect((await understudy(['validate', '-c', file, '--probe'], dirname(file))).code).toBe(0)
    expect(existsSync(join(dirname(file), 'a'))).toBe(false)
    writeFileSync(file, `${text}sinks: { file: { path: /dev/null } }\n`)
    expect((await understudy(['validate', '-c', file, '--probe'], dirname(file))).code).toBe(0)
  })

  test('refuses a file sink whose file is a directory', async () => {
    const open = await listening(createServer(socket => socket.end()))
    const file = writeFiles({ 'routing.yaml': upstreams(`http://127.0.0.1:${open}`, `http://127.0.0.1:${open}`) })
    mkdirSync(join(dirname(file), 'understudy-pairs.ndjson'))
    const { code, stderr } = await understudy(['validate', '-c', file, '--probe'], dirname(file))
    expect({ code, stderr }).toEqual({ code: 3, stderr: '  sink file ./understudy-pairs.ndjson: is not a file\n' })
  })

  test('is content with a state directory that can be made, makes none, and refuses one below a file', async () => {
    const open = await listening(createServer(socket => socket.end()))
    const text = upstreams(`http://127.0.0.1:${open}`, `http://127.0.0.1:${open}`)
    const file = writeFiles({ 'routing.yaml': `${text}state: { dir: a/b }\n`, taken: '' })
    expect((await understudy(['validate', '-c', file, '--probe'], dirname(file))).code).toBe(0)
    expect(existsSync(join(dirname(file), 'a'))).toBe(false)
    writeFileSync(file, `${text}state: { dir: taken/state }\n`)
    const { code, stderr } = await understudy(['validate', '-c', file, '--probe'], dirname(file))
    const problem = `${join(dirname(file), 'taken')} is not a directory`
    expect({ code, stderr }).toEqual({ code: 3, stderr: `  state taken/state: ${problem}\n` })
  })
})
