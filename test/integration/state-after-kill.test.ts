import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ExperimentView } from '../../src/control/admin/experiment-view.ts'
import type { VerdictView } from '../../src/control/admin/verdict-view.ts'
import type { SealedWindow } from '../../src/wire/window.ts'
import { getJson } from '../support/http-json.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

let primary: UpstreamServer
let candidate: UpstreamServer
let dir = ''
/** What the candidate answers: it agrees until a test says otherwise. */
let label = 1

beforeAll(async () => {
  dir = join(mkdtempSync(join(tmpdir(), 'understudy-kill-')), 'state')
  primary = await startUpstream((_request, respond) => respond.reply(200, JSON_TYPE, '{"label":1}'), {
    keepRequests: false,
  })
  candidate = await startUpstream((_request, respond) => respond.reply(200, JSON_TYPE, `{"label":${label}}`), {
    keepRequests: false,
  })
})
afterAll(async () => {
  await Promise.all([primary.stop(), candidate.stop()])
  rmSync(join(dir, '..'), { recursive: true, force: true })
})

const config = () => ({
  state: { dir },
  upstreams: { v1: primary.url, v2: { endpoints: candidate.url, version: '2' } },
  routes: [
    {
      name: 'r',
      match: { prefix: '/' },
      primary: 'v1',
      shadows: [{ upstream: 'v2', percent: 100 }],
      gates: { agreement: { min: 0.9 }, errors: { max_increase: 0.1 }, latency: null },
      verdict: { warm_up: '1s', min_pairs: 50, min_duration: '1h', max_duration: '2h' },
    },
  ],
})

async function pairsSealed(proxy: RunningUnderstudy): Promise<number> {
  const { counts } = (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2`)) as ExperimentView
  return counts.pairs
}

const verdictOf = async (proxy: RunningUnderstudy): Promise<VerdictView> =>
  (await getJson(`${proxy.adminUrl}/api/v1/experiments/r.v2/verdict`)) as VerdictView

/** A proxy that is gone when the test ends, whatever the test does with it. */
async function start(routing: Readonly<Record<string, unknown>>): Promise<RunningUnderstudy> {
  const proxy = await startUnderstudy(routing)
  onTestFinished(() => proxy.kill())
  return proxy
}

/** Sends until the verdict is as wanted; then waits until all that was sent is sealed. @returns what was sent. */
async function sendUntil(proxy: RunningUnderstudy, isWanted: (view: VerdictView) => boolean): Promise<number> {
  const client = new SteadyClient(proxy.url, 2)
  const before = await pairsSealed(proxy)
  let sent = 0
  while (!isWanted(await verdictOf(proxy))) {
    for (let i = 0; i < 10; i++) {
      expect((await client.post('/x', '{}')).status).toBe(200)
      sent++
    }
    await sleep(20)
  }
  client.close()
  await eventually(async () => ((await pairsSealed(proxy)) === before + sent ? true : undefined), 10_000)
  return sent
}

describe('a proxy that is killed in the midst of an experiment', () => {
  test('goes on with the same counts and evidence, counts nothing twice, and keeps a verdict', async () => {
    const first = await start(config())
    const sent = await sendUntil(first, ({ gates }) => gates.every(({ state }) => state === 'safe'))
    const before = await verdictOf(first)
    expect([before.verdict, before.code]).toEqual(['CONTINUE', 'min_duration'])
    const windows = `/api/v1/experiments/r.v2/windows?limit=1000`
    const sealed = await getJson(first.adminUrl + windows)
    await first.kill()

    const second = await start(config())
    expect(second.output).toEqual([])
    expect(second.log.find(line => line.msg === 'state restored')).toMatchObject({ experiments: 1 })
    expect(await verdictOf(second)).toEqual(before)
    expect(await pairsSealed(second)).toBe(sent)
    expect(await getJson(second.adminUrl + windows)).toEqual(sealed)

    label = 2
    const more = await sendUntil(second, ({ verdict }) => verdict === 'ROLLBACK')
    const seen = (await getJson(second.adminUrl + windows)) as { windows: SealedWindow[] }
    const keys = seen.windows.map(({ origin, second: at }) => `${origin} ${at}`)
    expect(new Set(keys).size).toBe(keys.length)
    expect(seen.windows.reduce((sum, { counts }) => sum + counts.pairs, 0)).toBe(sent + more)
    const metrics = await second.readMetrics()
    expect(metrics.sum('understudy_windows_ignored_total')).toBe(0)
    expect(metrics.value('understudy_state_write_failures_total')).toBe(0)
    await second.stop()

    label = 1
    const third = await start(config())
    expect(await pairsSealed(third)).toBe(sent + more)
    expect((await verdictOf(third)).verdict).toBe('ROLLBACK')
    await third.stop()
  }, 90_000)
})

test('killed again and again under traffic, it never counts more pairs than there were, nor loses a sealed one', async () => {
  const own = { ...config(), state: { dir: `${dir}-under-traffic` } }
  let sent = 0
  let sealed = 0
  for (let round = 0; round < 3; round++) {
    const proxy = await start(own)
    expect(await pairsSealed(proxy)).toBeGreaterThanOrEqual(sealed)
    const client = new SteadyClient(proxy.url, 4)
    const isOver = { value: false }
    const traffic = Array.from({ length: 4 }, async () => {
      while (!isOver.value) {
        sent++
        await client.post('/x', '{}').catch(() => undefined)
      }
    })
    const before = sealed
    sealed = await eventually(async () => {
      const now = await pairsSealed(proxy)
      return now > before + 200 ? now : undefined
    }, 20_000)
    await proxy.kill()
    isOver.value = true
    client.close()
    await Promise.all(traffic)
  }
  const last = await start(own)
  const pairs = await pairsSealed(last)
  expect(pairs).toBeGreaterThanOrEqual(sealed)
  expect(pairs).toBeLessThanOrEqual(sent)
  expect((await last.readMetrics()).sum('understudy_windows_ignored_total')).toBe(0)
  expect(last.log.filter(line => line.level === 'error')).toEqual([])
  await last.stop()
}, 90_000)

describe('a state directory', () => {
  test('is used by one proxy at a time: the second says who is in the way, and ends with 2', async () => {
    const first = await start(config())
    const refused = await start(config()).then(
      () => 'started',
      (error: Error) => error.message,
    )
    expect(refused).toMatch(/exit code 2/)
    expect(refused).toMatch(
      /state\.dir: .*understudy\.sqlite is in use by another process\n {4}hint: stop that process/,
    )
    expect((await getJson(`${first.adminUrl}/healthz`)) as object).toEqual({ status: 'ok' })
    await first.stop()
  }, 60_000)

  test('with a damaged file is no reason not to serve: it is moved aside, and the log says so', async () => {
    writeFileSync(join(dir, 'understudy.sqlite'), 'damaged '.repeat(2_000))
    const proxy = await start(config())
    expect(proxy.log.find(line => line.level === 'error')).toMatchObject({
      msg: 'the state file cannot be used: it was moved aside, and all experiments begin anew',
      reason: 'file is not a database',
    })
    expect(await pairsSealed(proxy)).toBe(0)
    expect(readdirSync(dir).filter(name => name.startsWith('understudy.sqlite.damaged-'))).toHaveLength(1)
    await proxy.stop()
  }, 60_000)

  test('is not needed, and a reload does not move it', async () => {
    const { state: _state, ...rest } = config()
    const proxy = await start(rest)
    expect(proxy.log.map(line => line.msg)).toContainEqual(expect.stringMatching(/^the state is in memory only/))
    const { lastFailure } = await proxy.reload(config())
    expect(lastFailure?.problems).toEqual([`state: dir none -> ${dir} (needs a restart)`])
    await proxy.stop()
  }, 60_000)
})
