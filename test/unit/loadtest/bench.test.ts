import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { INFER_PATH, INFER_REQUEST } from '../../../loadtest/behaviours.ts'
import { INFER_ANSWER } from '../../../loadtest/behaviours.ts'
import { LARGE_ANSWER } from '../../../loadtest/bench-answers.ts'
import { readBenchOptions } from '../../../loadtest/bench-options.ts'
import type { Contestant } from '../../../loadtest/contestants.ts'
import { copiesCells } from '../../../loadtest/copies-table.ts'
import { modelServerConfiguration } from '../../../loadtest/nginx-model-server.ts'
import { Resources } from '../../../loadtest/resources.ts'
import { complaints, percent, saturate, saturatedTable, type SaturatedRun } from '../../../loadtest/saturated-rounds.ts'
import { startSaturator } from '../../../loadtest/saturator.ts'
import { parseSamples } from '../../../loadtest/scrape.ts'
import { middleAndEnd } from '../../../loadtest/sections/memory.ts'
import { sizedRequest } from '../../../loadtest/sized-request.ts'
import { StandIn } from '../../../loadtest/stand-in.ts'
import { findTools } from '../../../loadtest/tools.ts'
import { countsOf, shareSent } from '../../../loadtest/understudy-counts.ts'

describe('the answers', () => {
  test('small answers are those of the stand-ins, so that it makes no difference who answers', async () => {
    await using resources = new Resources()
    const standIn = resources.add(await StandIn.start('healthy', 'primary'))
    const answer = await fetch(`${standIn.url}${INFER_PATH}`, { method: 'POST', body: INFER_REQUEST })
    expect(await answer.text()).toBe(INFER_ANSWER)
  })

  test('large answers are about 1 KiB of JSON that nginx can be made to give', () => {
    expect(LARGE_ANSWER.length).toBeGreaterThan(900)
    expect(LARGE_ANSWER.length).toBeLessThan(1300)
    expect(modelServerConfiguration(9001, LARGE_ANSWER, 'body')).toContain(LARGE_ANSWER)
  })
})

describe('readBenchOptions', () => {
  const sections = ['small', 'paced']

  test('takes the defaults, the quick ones, and what is given before both', () => {
    expect(readBenchOptions([], sections)).toEqual({ rounds: 3, seconds: 3, sections, json: null })
    const args = ['--quick', '--rounds', '7', '--section', 'paced', '--json', 'found.json']
    expect(readBenchOptions(args, sections)).toEqual({ rounds: 7, seconds: 1, sections: ['paced'], json: 'found.json' })
  })

  test.each([[['--rounds', '0']], [['--section', 'blue']], [['--json']], [['--what']]])('refuses %j', args => {
    expect(() => readBenchOptions(args, sections)).toThrow()
  })
})

describe('findTools', () => {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-tools-'))
  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(() => {
    vi.restoreAllMocks()
    rmSync(directory, { recursive: true, force: true })
  })

  test('ENVOY names the binary', () => {
    const binary = join(directory, 'my-envoy')
    writeFileSync(binary, `#!/bin/sh\necho; echo "envoy  version: abc123/1.40.0/Clean/RELEASE/BoringSSL"\n`)
    chmodSync(binary, 0o755)
    expect(findTools({ ENVOY: binary }).envoy).toEqual({ binary, version: '1.40.0' })
  })

  test('an ENVOY that does not run is an error, and no reason to measure without it', () => {
    expect(() => findTools({ ENVOY: join(directory, 'nothing') })).toThrow('no Envoy that runs here')
  })
})

describe('what Understudy counts', () => {
  test('is summed up over its labels', () => {
    const samples = parseSamples(`# TYPE understudy_shadow_sent_total counter
understudy_shadow_sent_total{route="churn",shadow="candidate"} 90
understudy_shadow_dropped_total{route="churn",shadow="candidate",reason="memory"} 6
understudy_shadow_dropped_total{route="churn",shadow="candidate",reason="overloaded"} 4
understudy_pairs_total{route="churn",shadow="candidate"} 80
understudy_incomparable_total{experiment="e",reason="not_captured"} 20
understudy_incomparable_total{experiment="e",reason="compare_off"} 5
understudy_sink_records_total{sink="file",state="accepted"} 60
understudy_sink_records_total{sink="file",state="delivered"} 57
understudy_sink_records_total{sink="file",state="dropped"} 3
`)
    const counts = countsOf(samples)
    expect(counts).toEqual({ sent: 90, dropped: 10, pairs: 80, notCaptured: 20, records: 60, delivered: 57 })
    expect(copiesCells(counts)).toEqual(['100', '90.0 %', '88.8 %', '75.0 %', '60', '95.0 %'])
    expect(shareSent({ ...counts, sent: 30, dropped: 10 }, counts)).toBe(1)
  })

  test('one copy in a thousand that was dropped shows', () => {
    expect(percent(0.9999)).toBe('99.9 %')
    expect(percent(1)).toBe('100.0 %')
  })
})

function saturatedRun(changes: Partial<SaturatedRun>): SaturatedRun {
  const latencies = { p50Us: 1000, p99Us: 5000 }
  return {
    requests: 100,
    requestsPerS: 1e4,
    ...latencies,
    errors: 0,
    cpuUsPerRequest: 60,
    arrived: 1,
    sent: 1,
    ...changes,
  }
}

async function nothing(): Promise<void> {}

describe('rounds at saturation', () => {
  test('leave the warm-up out and count what each run took and sent', async () => {
    let cpuMs = 0
    let arrived = 0
    const load = {
      saturator: {
        name: 'fake',
        run: async (_port: number, _connections: number, seconds: number) => {
          cpuMs += seconds * 30
          arrived += seconds * 50
          return { requests: seconds * 100, requestsPerS: 100, p50Us: 1, p99Us: 2, errors: 0 }
        },
        stop: nothing,
      },
      servers: { primaryPort: 1, shadow: { url: '' }, arrived: async () => arrived, stop: nothing },
      connections: 1,
      rounds: 1,
      seconds: 5,
    }
    const proxy: Contestant = {
      name: 'p',
      port: 1,
      cpuMs: () => cpuMs,
      mirrors: true,
      adminUrl: null,
      rssBytes: null,
      stop: nothing,
    }
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => {})
    const results = await saturate([proxy], load)
    quiet.mockRestore()
    expect(results.get('p')).toEqual([
      {
        requests: 500,
        requestsPerS: 100,
        p50Us: 1,
        p99Us: 2,
        errors: 0,
        cpuUsPerRequest: 300,
        arrived: 0.5,
        sent: null,
      },
    ])
  })

  test('are shown with their range; what a row does not have is a dash', () => {
    const results = new Map([
      ['direct', [saturatedRun({ cpuUsPerRequest: Number.NaN, arrived: null, sent: null })]],
      ['proxy', [saturatedRun({ errors: 2 }), saturatedRun({ cpuUsPerRequest: 80, sent: 0.5 })]],
    ])
    expect(saturatedTable(results).split('\n').slice(2)).toEqual([
      '| direct | 10 000 | 1.000 | 5.000 | — | — | — | 0 |',
      '| proxy | 10 000 | 1.000 | 5.000 | 70.0 (60.0–80.0) | 100.0 % | 75.0 % (50.0 %–100.0 %) | 2 |',
    ])
  })

  test('rows that failed requests or kept copies back are complained of', () => {
    const results = new Map([
      ['good', [saturatedRun({})]],
      ['plain', [saturatedRun({ arrived: null, sent: null })]],
      ['failing', [saturatedRun({}), saturatedRun({ errors: 1 })]],
      ['lazy', [saturatedRun({ sent: 0.98 })]],
    ])
    expect(complaints(results).map(complaint => complaint.split(' ')[0])).toEqual(['failing', 'lazy'])
  })
})

test('without wrk our own driver saturates, with any body', async () => {
  await using resources = new Resources()
  const standIn = resources.add(await StandIn.start('healthy', 'primary'))
  const saturator = resources.add(startSaturator(null, sizedRequest(65_536)))
  const result = await saturator.run(standIn.port, 2, 1)
  expect(result.errors).toBe(0)
  expect(result.requests).toBeGreaterThan(10)
  expect((await standIn.counts()).requests).toBe(result.requests)
})

test('memory in the middle and at the end is that of three samples, and no single spike', () => {
  expect(middleAndEnd([1, 2, 3, 4, 900, 6, 7, 8, 900, 10])).toEqual({ middle: 7, end: 10 })
  expect(() => middleAndEnd([])).toThrow(RangeError)
})
