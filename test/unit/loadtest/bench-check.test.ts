import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { check, checkTable, parseBaseline, parseFindings, unchecked } from '../../../loadtest/baseline.ts'
import type { Finding } from '../../../loadtest/findings.ts'

const BASELINE_FILE = fileURLToPath(new URL('../../../loadtest/baseline.json', import.meta.url))

function finding(id: string, median: number | null, changes: Partial<Finding> = {}): Finding {
  const value = median === null ? null : { median, min: median, max: median }
  const missing = median === null ? 'no row “Envoy”' : null
  return { id, name: `name of ${id}`, unit: 'ratio', better: 'lower', target: null, value, missing, ...changes }
}

const speed = (median: number): Finding => finding('speed', median, { better: 'higher' })

describe('check', () => {
  const baseline = {
    machine: 'here',
    findings: { cost: { value: 1, tolerance: 0.25 }, speed: { value: 2, tolerance: 0.25 } },
  }
  const verdicts = (...findings: Finding[]): string[] => check(findings, baseline).map(({ verdict }) => verdict)

  test('takes as good what lies within the tolerance, and anything better', () => {
    expect(verdicts(finding('cost', 1.25), speed(1.5))).toEqual(['as good', 'as good'])
    expect(verdicts(finding('cost', 0.1), speed(20))).toEqual(['as good', 'as good'])
  })

  test('takes as worse what is beyond it in the wrong direction', () => {
    expect(verdicts(finding('cost', 1.26), speed(1.49))).toEqual(['worse', 'worse'])
  })

  test('what was not measured is neither, and is named with the reason', () => {
    const findings = [finding('cost', null), finding('new', 1), finding('ms', 1, { unit: 'ms' })]
    const checked = check(findings, baseline)
    expect(checked.map(({ verdict }) => verdict)).toEqual(['not measured', 'not measured'])
    expect(unchecked(findings, checked, baseline)).toEqual([
      'name of cost: no row “Envoy”',
      'speed: the run has no such figure',
      'name of new: the baseline has no such figure',
    ])
  })

  test('shows what is allowed', () => {
    const lines = checkTable(check([finding('cost', 1.3), speed(1.9)], baseline)).split('\n')
    expect(lines.slice(2)).toEqual([
      '| name of cost | 1.30 | 1.00 | ≤ 1.25 | **worse** |',
      '| name of speed | 1.90 | 2.00 | ≥ 1.50 | as good |',
    ])
  })
})

test.each(['{}', 'null', '{"findings":{"a":{"value":1}}}', '{"findings":{"a":{"value":0,"tolerance":0.1}}}'])(
  'refuses %s as a baseline',
  text => expect(() => parseBaseline(text)).toThrow('not a baseline'),
)

test.each(['{}', 'null', '{"findings":[{"id":"a"}]}'])('refuses %s as what a bench found', text => {
  expect(() => parseFindings(text)).toThrow('not what')
})

function command(...args: string[]) {
  const script = fileURLToPath(new URL('../../../loadtest/bench-check.ts', import.meta.url))
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
}

describe('npm run bench:check -- --from', () => {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-bench-check-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  const { findings: entries } = parseBaseline(readFileSync(BASELINE_FILE, 'utf8'))

  /** The command over a run in which every lower-is-better figure of the real baseline came out `times` as large. */
  function run(times: number, changes: (findings: Finding[]) => Finding[] = findings => findings) {
    const findings = Object.entries(entries).map(([id, { value }]) => finding(id, value * times))
    const file = join(directory, 'findings.json')
    writeFileSync(file, JSON.stringify({ findings: changes(findings) }))
    return command('--from', file)
  }

  test('0 when all is as it was', () => {
    const { status, stderr } = run(1)
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  test('1 when something is worse, and says what', () => {
    const [first = ''] = Object.keys(entries)
    const { status, stderr } = run(1, ([one, ...others]) => [
      finding(first, 10 * (one?.value?.median ?? Number.NaN)),
      ...others,
    ])
    expect(stderr).toBe(`bench:check: worse than the baseline: name of ${first}\n`)
    expect(status).toBe(1)
  })

  test('0, loudly, when a peer is missing', () => {
    const [first = ''] = Object.keys(entries)
    const { status, stderr } = run(1, ([, ...others]) => [finding(first, null), ...others])
    expect(stderr).toBe(`!! NOT CHECKED: name of ${first}: no row “Envoy”\n`)
    expect(status).toBe(0)
  })

  test('2 for wrong use and when there is nothing to compare', () => {
    expect(command('--from').status).toBe(2)
    expect(command('--from', join(directory, 'nowhere.json')).status).toBe(2)
    const { status, stderr } = run(1, () => [])
    expect(stderr).toContain('nothing to compare')
    expect(status).toBe(2)
  })
})
