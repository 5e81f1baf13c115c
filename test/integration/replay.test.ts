import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { VerdictView } from '../../src/control/admin/verdict-view.ts'
import { getJson } from '../support/http-json.ts'
import { runCommand } from '../support/run-command.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const TRAFFIC_MS = 5_000

let primary: UpstreamServer
let candidate: UpstreamServer
let proxy: RunningUnderstudy
let live: VerdictView
/** The lines of the rotated files, oldest file first. */
let files: string[][]

const routing = (changes: Readonly<Record<string, unknown>> = {}) => ({
  listen: { address: '127.0.0.1:0', threads: 2 },
  upstreams: { v1: primary.url, v2: { endpoints: candidate.url, version: '2' } },
  routes: [
    {
      name: 'r',
      primary: 'v1',
      shadows: [{ upstream: 'v2', percent: 100 }],
      gates: {
        agreement: { min: 0.9 },
        errors: { max_increase: 0.1 },
        latency: { max_increase: 0.3 },
        slowdown: { median_ratio: 50 },
      },
      verdict: { warm_up: '1s', min_pairs: 100, min_duration: '2s', max_duration: '1m', coverage: 0.5 },
      ...changes,
    },
  ],
  record: { bodies: 'on-disagreement', max_body: '1KiB', redact: [] },
  sinks: { file: { path: 'records.ndjson', rotate: '128KiB', keep: 99 } },
})

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200, JSON_TYPE, '{"score":1}'), {
    keepRequests: false,
  })
  let count = 0
  candidate = await startUpstream(
    (_request, respond) => {
      count++
      if (count % 40 === 0) respond.reply(503, JSON_TYPE, '{}')
      else respond.reply(200, JSON_TYPE, count % 8 === 0 ? '{"score":1.25}' : '{"score":1}')
    },
    { keepRequests: false },
  )
  proxy = await startUnderstudy(routing())
  const client = new SteadyClient(proxy.url, 4)
  const untilMs = performance.now() + TRAFFIC_MS
  const lane = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      await client.post('/', '{}')
      await sleep(5)
    }
  }
  await Promise.all([lane(), lane(), lane(), lane()])
  client.close()
  await readWhenSettled()
})
afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), candidate.stop()])
})

/** Waits until the last request is sealed, written and judged, then reads the live verdict and what it was made of. */
async function readWhenSettled(): Promise<void> {
  await eventually(async () => {
    const { counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2`)) as { counts: { pairs: number } }
    const pending = (await proxy.readMetrics()).value('understudy_sink_pending_records', { sink: 'file' })
    return counts.pairs === primary.requestCount && pending === 0
  }, 10_000)
  const { windows } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2/windows?limit=10`)) as {
    windows: { second: number }[]
  }
  const newest = Math.max(...windows.map(({ second }) => second))
  live = await eventually(async () => {
    const view = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2/verdict`)) as VerdictView
    return view.watermark === newest ? view : undefined
  }, 10_000)
  const names = readdirSync(proxy.directory).filter(name => name.startsWith('records.ndjson'))
  files = names
    .sort((a, b) => rotation(b) - rotation(a))
    .map(name => readFileSync(join(proxy.directory, name), 'utf8').split('\n'))
    .map(lines => lines.filter(line => line !== ''))
}

/** 0: the current file; the larger, the older. */
function rotation(name: string): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 0)
}

function write(name: string, content: string | Buffer): string {
  const path = join(proxy.directory, name)
  writeFileSync(path, content)
  return path
}

const text = (lines: readonly string[]): string => lines.map(line => `${line}\n`).join('')

async function replay(records: readonly string[], config: string, ...options: string[]) {
  const ended = await runCommand(['replay', ...records, '-c', config, ...options], { timeoutMs: 30_000 })
  expect(ended.stderr).toBe('')
  return ended
}

async function replayJson(records: readonly string[], config = proxy.configFile) {
  const { stdout, code } = await replay(records, config, '--output', 'json')
  const { evidence, ...view } = JSON.parse(stdout) as VerdictView & { evidence: Readonly<Record<string, unknown>> }
  return { view, evidence, code }
}

describe('the records of live traffic', () => {
  test('have every gate decided by some pairs, and lie in several files', () => {
    expect(live.gates.map(({ id, n }) => [id, n > 100])).toEqual(
      ['agreement', 'errors', 'latency', 'slowdown'].map(id => [id, true]),
    )
    expect(files.length).toBeGreaterThan(2)
  })

  test('give the verdict of the proxy to the last bit, and say that every comparison came out the same', async () => {
    const paths = files.map((lines, i) => write(`part-${i}.ndjson`, text(lines)))
    const { view, evidence, code } = await replayJson(paths.toReversed())
    expect(view).toEqual(live)
    expect(code).toBe({ PROMOTE: 0, ROLLBACK: 10, CONTINUE: 20, EXPIRED: 20, INVALID: 30 }[live.verdict])
    expect(evidence).toMatchObject({ changed: {}, duplicates: 0, withoutRecord: 0, withoutWindow: 0, damaged: 0 })
    expect(evidence['recomputed']).toBeGreaterThan(50)
  })

  test('give the same when they come twice, in another order, packed, and with a line that was cut', async () => {
    const lines = files.flat()
    const shuffled = lines.map((line, i) => ({ line, at: (i * 7_919) % 1_009 })).sort((a, b) => a.at - b.at)
    const packed = write('shuffled.ndjson.gz', gzipSync(text(shuffled.map(({ line }) => line))))
    const again = write('again.ndjson', text(lines.slice(0, 200)) + (lines[200] ?? '').slice(0, 40))
    const { view, evidence } = await replayJson([packed, again])
    expect(view).toEqual(live)
    expect(evidence).toMatchObject({ duplicates: 200, damaged: 1 })
  })

  test('are judged by another file, with what that changes in words', async () => {
    const wide = routing({ compare: { tolerance: { absolute: 0.5, relative: 0 } } })
    const config = write('wide.yaml', JSON.stringify({ ...wide, listen: '127.0.0.1:8080' }))
    const { stdout } = await replay([write('all.ndjson', text(files.flat()))], config)
    expect(stdout).toMatch(/^ {2}agreement safe: 100 %/m)
    expect(stdout).toMatch(/, which has other settings than the recording$/m)
    expect(stdout).toMatch(/comparisons recomputed, \d+ the same, \d+ disagree → agree$/m)
    expect(stdout).toMatch(/taken as recorded: .* with answers equal byte for byte/)
  })
})

describe('what cannot be replayed', () => {
  test.each<[string, () => string[], RegExp]>([
    ['no records at all', () => [], /RECORDS is missing/],
    ['a file that is not there', () => ['nowhere.ndjson'], /nowhere\.ndjson does not exist/],
    ['a file without records', () => [proxy.configFile], /no pair or window in the records/],
    ['a topic without brokers', () => ['kafka:pairs'], /needs sinks\.kafka in the routing file/],
  ])('%s is said, with exit code 2', async (_what, records, message) => {
    const ended = await runCommand(['replay', ...records(), '-c', proxy.configFile])
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(message)])
  })

  test('a topic whose broker is away is said, with exit code 3', async () => {
    const sinks = { kafka: { brokers: ['127.0.0.1:1'] } }
    const config = write('kafka.yaml', JSON.stringify({ ...routing(), listen: '127.0.0.1:8080', sinks }))
    const ended = await runCommand(['replay', 'kafka:pairs', '-c', config], { timeoutMs: 60_000 })
    expect([ended.code, ended.stderr]).toEqual([
      3,
      expect.stringMatching(/cannot read the topic pairs of 127\.0\.0\.1:1/),
    ])
  }, 60_000)
})
