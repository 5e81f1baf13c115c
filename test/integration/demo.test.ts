import { readFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DemoReport } from '../../src/cli/demo/report.ts'
import { runCommand, type CommandResult } from '../support/run-command.ts'

const sum = (all: Readonly<Record<string, number>>): number => Object.values(all).reduce((a, b) => a + b, 0)

describe('understudy demo with a broken candidate', () => {
  let ended: CommandResult
  let report: DemoReport
  beforeAll(async () => {
    ended = await runCommand(['demo', '--for', '8s', '--json', '--scenario', 'broken'], { timeoutMs: 60_000 })
    report = JSON.parse(ended.stdout) as DemoReport
  })
  afterAll(() => rmSync(report.places.directory, { recursive: true, force: true }))

  test('ends by itself, in peace, with nothing but JSON on standard output', () => {
    expect(ended.stderr).toBe('')
    expect(ended.code).toBe(0)
    expect(report.scenario).toBe('broken')
  })

  test('has every answered request counted, and the books balance', () => {
    const { counts, requests } = report
    expect(requests.answered['2xx']).toBeGreaterThan(300)
    expect(counts.eligible).toBe(requests.answered['2xx'])
    expect(counts.sampled).toBe(counts.sent + sum(counts.dropped))
    expect(counts.sent).toBe(counts.pairs + sum(counts.unpaired))
    expect(counts.pairs).toBe(sum(counts.outcomes))
    expect(report.latency?.primary.all?.count).toBe(report.latency?.shadow.all?.count)
  })

  test('finds the disagreements that the two models have offline', () => {
    const { counts, offline, agreement } = report
    const uncompared = counts.eligible - agreement.compared
    expect(counts.outcomes.disagree).toBeGreaterThan(5)
    expect(counts.outcomes.disagree).toBeLessThanOrEqual(offline.expectedDisagreements)
    expect(counts.outcomes.disagree).toBeGreaterThanOrEqual(offline.expectedDisagreements - uncompared)
  })

  test('names the digit 8, and shows images of it', () => {
    expect(report.hardestHit?.digit).toBe(8)
    expect(report.confusions[0]).toMatchObject({ digit: 8, primary: 8 })
    expect(report.mostDifferent.filter(({ label }) => label === 8).length).toBeGreaterThanOrEqual(3)
    expect(report.mostDifferent.every(({ primary, candidate }) => primary.label !== candidate.label)).toBe(true)
  })

  test('shows the confusions that the proxy has counted: one for each disagreement', () => {
    const { confusions, otherConfusions, topFields } = report.found
    expect(confusions[0]).toMatchObject({ primary: '8' })
    const all = confusions.reduce((sum, { count }) => sum + count, otherConfusions)
    expect(all).toBe(report.counts.outcomes.disagree)
    expect(topFields.map(({ count }) => count)).toEqual([all, all])
  })

  test('says what the judge thinks of it so far, with every gate', () => {
    expect(report.verdict.gates.map(gate => gate.id)).toEqual(['agreement', 'errors', 'latency'])
    expect(['CONTINUE', 'ROLLBACK']).toContain(report.verdict.verdict)
    expect(report.verdict.gates[0]?.n).toBeGreaterThan(100)
  })

  test('keeps one record for each pair', () => {
    const records = readFileSync(report.places.recordsFile, 'utf8').trimEnd().split('\n')
    const pairs = records.filter(line => line.includes('"understudy.pair/1"'))
    expect(pairs).toHaveLength(report.counts.pairs)
  })
})

test('understudy demo refuses options it does not understand', async () => {
  const { code, stdout, stderr } = await runCommand(['demo', '--scenario', 'worse'])
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain('--scenario worse is none of better, broken, same')
})
