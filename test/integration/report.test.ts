import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { VerdictView } from '../../src/control/admin/verdict-view.ts'
import { oipAnswer, labels } from '../support/oip.ts'
import { runCommand } from '../support/run-command.ts'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { SteadyClient } from '../support/steady-client.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { elementsNamed, parseXml, textOf, type XmlElement } from '../support/xml.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const PATH = '/v2/models/digits/infer'

let primary: UpstreamServer
let candidate: UpstreamServer
let proxy: RunningUnderstudy

/** Traffic goes on until there is a verdict, and has ended when the reports are asked for: they are all of one state. */
beforeAll(async () => {
  primary = await startUpstream(
    (_request, respond) => respond.reply(200, JSON_TYPE, oipAnswer([labels('label', [5])])),
    { keepRequests: false },
  )
  let answers = 0
  candidate = await startUpstream(
    (_request, respond) =>
      respond.reply(
        200,
        JSON_TYPE,
        oipAnswer([labels('label', [answers++ % 4 === 0 ? 6 : 5])], { id: String(answers) }),
      ),
    { keepRequests: false },
  )
  proxy = await startUnderstudy({
    upstreams: { v1: primary.url, v2: { endpoints: candidate.url, version: '2' } },
    routes: [
      {
        name: 'digits',
        match: { path: PATH },
        primary: 'v1',
        shadows: [{ upstream: 'v2', percent: 100 }],
        gates: { agreement: { min: 0.9 }, errors: { max_increase: 0.1 }, slowdown: { median_ratio: 1_000 } },
        verdict: { warm_up: '1s', min_pairs: 100, min_duration: '2s', max_duration: '1m' },
      },
    ],
  })
  const client = new SteadyClient(proxy.url, 2)
  const decided = understudy('verdict', '--wait', '--timeout', '40s')
  const over = new AbortController()
  void decided.finally(() => over.abort())
  while (!over.signal.aborted) {
    await client.post(PATH, '{"inputs":[]}')
    await sleep(5)
  }
  client.close()
  expect((await decided).stdout).toMatch(/^ROLLBACK /)
  await untilStill()
}, 60_000)
afterAll(async () => {
  await proxy.stop()
  await Promise.all([primary.stop(), candidate.stop()])
})

const understudy = (command: string, ...options: string[]) =>
  runCommand([command, 'digits.v2', '--admin', proxy.adminUrl, ...options], { timeoutMs: 50_000, cwd: proxy.directory })

/** Waits for the last window: what two looks in a row show is what stays. */
async function untilStill(): Promise<void> {
  for (let before = -1, now = await watermark(); now !== before; ) {
    await sleep(2_500)
    before = now
    now = await watermark()
  }
}

async function verdict(): Promise<VerdictView> {
  return JSON.parse((await understudy('verdict', '--output', 'json')).stdout) as VerdictView
}

async function watermark(): Promise<number> {
  return (await verdict()).watermark ?? 0
}

async function report(format: string): Promise<string> {
  const { code, stdout, stderr } = await understudy('report', '--format', format)
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

describe('the report of a rolled back candidate agrees with its verdict', () => {
  test('as Markdown', async () => {
    const { reason, gates, experiment } = await verdict()
    const markdown = await report('markdown')
    expect(markdown).toMatch(/^# ROLLBACK: v2 \(version 2\) on route digits\n/)
    expect(markdown).toContain(`**experiment**: ${experiment}\n`)
    expect(markdown).toContain(`\n${reason}.\n`)
    for (const gate of gates) expect(markdown).toContain(`\n${gate.reason}.\n`)
  })

  test('as HTML, with a picture of every gate', async () => {
    const { reason, gates } = await verdict()
    const page = parseXml(await report('html'))
    expect(textOf(elementsNamed(page, 'h1')[0] as XmlElement)).toContain('ROLLBACK')
    expect(textOf(page)).toContain(reason)
    expect(elementsNamed(page, 'svg')).toHaveLength(gates.length + 2)
  })

  test('as JSON, to the last digit, with the labels that were mistaken for each other', async () => {
    const view = await verdict()
    const { components } = JSON.parse(await report('json')) as {
      components: {
        name: string
        modelCard: {
          quantitativeAnalysis: { performanceMetrics: { type: string; value: string; confidenceInterval?: object }[] }
          properties: { name: string; value: string }[]
        }
      }[]
    }
    const card = components.find(({ name }) => name === 'v2')?.modelCard
    for (const { id, estimate, interval } of view.gates) {
      expect(card?.quantitativeAnalysis.performanceMetrics.find(({ type }) => type === id)).toMatchObject({
        value: String(estimate),
        confidenceInterval: { lowerBound: String(interval[0]), upperBound: String(interval[1]) },
      })
    }
    const values = new Map(card?.properties.map(({ name, value }) => [name, value]))
    expect(values.get('understudy:verdict')).toBe(view.verdict)
    expect(values.get('understudy:verdict:asOf')).toBe(view.asOf)
    const confusion = JSON.parse(values.get('understudy:confusion') ?? '{}') as { count: number }
    expect(confusion).toMatchObject({ primary: '5', shadow: '6' })
    expect(confusion.count).toBeGreaterThan(10)
  })
})

describe('understudy report', () => {
  test('writes a file whose name says its format, and nothing else', async () => {
    const before = await readdir(proxy.directory)
    const { code, stdout } = await understudy('report', '-o', 'report.html')
    expect([code, stdout]).toEqual([0, ''])
    expect(elementsNamed(parseXml(await readFile(join(proxy.directory, 'report.html'), 'utf8')), 'svg')).not.toEqual([])
    expect((await readdir(proxy.directory)).filter(file => !before.includes(file))).toEqual(['report.html'])
  })

  test('says in words what is wrong', async () => {
    const unknown = await runCommand(['report', 'nobody.v9', '--admin', proxy.adminUrl])
    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining('no experiment "nobody.v9"')])
    const nowhere = await runCommand(['report', 'digits.v2', '--admin', 'http://127.0.0.1:1'])
    expect([nowhere.code, nowhere.stderr]).toEqual([3, expect.stringContaining('cannot reach the admin address')])
    const model = await runCommand(['report', 'digits.v2', '--admin', primary.url])
    expect([model.code, model.stderr]).toEqual([3, expect.stringContaining('is --admin right?')])
    const format = await understudy('report', '--format', 'pdf')
    expect([format.code, format.stderr]).toEqual([
      2,
      expect.stringContaining('--format is markdown, html, json, not pdf'),
    ])
    const ending = await understudy('report', '-o', 'report.pdf')
    expect([ending.code, ending.stderr]).toEqual([
      2,
      expect.stringContaining('--output ends in .pdf, which is none of .md, .html, .json'),
    ])
    const file = await understudy('report', '-o', 'no/such/directory/report.md')
    expect([file.code, file.stderr]).toEqual([2, expect.stringContaining('cannot write --output')])
    expect((await runCommand(['report'])).code).toBe(2)
  }, 60_000)
})
