import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openScreen } from '../../../../src/cli/demo/screen.ts'
import { placesLines, statusLine, viewLines, type ViewState } from '../../../../src/cli/demo/view.ts'
import { EXPERIMENT_VIEW, PLACES, sure, TRAFFIC, VERDICT_VIEW } from './canned.ts'

const labels = Array.from({ length: 100 }, () => 8)

const STATE: ViewState = {
  scenario: 'broken',
  primary: 'model A',
  candidate: 'model B',
  elapsedMs: 65_400,
  durationMs: 120_000,
  traffic: TRAFFIC,
  experiment: EXPERIMENT_VIEW,
  verdict: VERDICT_VIEW,
  newest: [{ image: 42, primary: sure(8), candidate: sure(3), distance: 1, times: 1 }],
  labels,
}

const headAt = (elapsedMs: number, durationMs: number) => viewLines({ ...STATE, elapsedMs, durationMs })[0]

describe('the live view', () => {
  const text = viewLines(STATE).join('\n')

  test('shows agreement, outcomes, latency, traffic and the newest differences', () => {
    expect(text).toContain('scenario "broken": 01:05 of 02:00')
    expect(text).toContain('Agreement  94.8 % (920 of 970 compared pairs)')
    expect(text).toMatch(/Pairs +agree +disagree +shadow error/)
    expect(text).toMatch(/\n +920 +50 +20 +0 +0 +0\n/)
    expect(text).toMatch(/primary +0\.84 ms +2\.30 ms/)
    expect(text).toMatch(/shadow +1\.20 ms +45\.6 ms/)
    expect(text).toContain('50.0 requests/s, 1 003 sent, 3 errors, 10 copies dropped')
    expect(text).toContain('Most often (v1 → v2)  3 → 8 (50)')
    expect(text).toContain('image 42, true 8: v1 → 8, v2 → 3')
    expect(text).toContain('Verdict  ROLLBACK: agreement harm: 94.8 % agree')
  })

  test('says that the time is over while the last pairs settle', () => {
    expect(headAt(122_000, 120_000)).toBe('understudy demo, scenario "broken": 02:00 are over, the last pairs settle')
    expect(headAt(122_000, 0)).toBe('understudy demo, scenario "broken": 02:02 until Ctrl-C')
  })

  test('keeps its height from before the first pair to the end', () => {
    const before = viewLines({ ...STATE, experiment: null, verdict: null, newest: [] })
    expect(before).toHaveLength(viewLines(STATE).length)
    expect(before.join('\n')).toContain('waiting for the first pair')
  })

  test('fits into 80 columns and 24 rows', () => {
    expect(viewLines(STATE).length).toBeLessThan(24)
    const confusions = Array.from({ length: 9 }, (_, i) => ({ primary: '8', shadow: `${i}`, count: 10_000 - i }))
    const lines = viewLines({ ...STATE, experiment: { ...EXPERIMENT_VIEW, confusions } })
    for (const line of lines) expect(line.length, line).toBeLessThan(80)
  })

  test('never says 100 % while there is a disagreement', () => {
    const outcomes = { ...EXPERIMENT_VIEW.counts.outcomes, agree: 99_999, disagree: 1 }
    const experiment = { ...EXPERIMENT_VIEW, counts: { ...EXPERIMENT_VIEW.counts, outcomes } }
    expect(viewLines({ ...STATE, experiment }).join('\n')).toContain('Agreement  99.9 %')
  })

  test('as one line holds the same numbers', () => {
    expect(statusLine(STATE)).toBe(
      '01:05 | ROLLBACK | agreement 94.8 % of 970 pairs | p99 primary 2.30 ms shadow 45.6 ms | ' +
        '50.0 requests/s, 1 003 sent, 3 errors, 10 copies dropped',
    )
    expect(statusLine({ ...STATE, experiment: null })).toContain('agreement - of 0 pairs | p99 primary - shadow -')
  })

  test('names where to look', () => {
    const places = placesLines(PLACES).join('\n')
    for (const place of [PLACES.proxyUrl, `${PLACES.adminUrl}/metrics`, PLACES.recordsFile, PLACES.sampleCurl]) {
      expect(places).toContain(place)
    }
  })
})

/** An output that says it is a terminal of this size, or none. */
function output(terminal: { rows: number; columns: number } | null) {
  const out = Object.assign(new PassThrough(), { isTTY: terminal !== null, ...terminal })
  const text = (): string => (out.read() as Buffer | null)?.toString() ?? ''
  return { out: out as unknown as NodeJS.WriteStream, text }
}

describe('the screen', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('that is no terminal gets a line every five seconds and no control characters', () => {
    const { out, text } = output(null)
    const screen = openScreen(out)
    screen.follow(() => STATE)
    vi.advanceTimersByTime(4_900)
    expect(text()).toBe('')
    vi.advanceTimersByTime(5_100)
    screen.close()
    vi.advanceTimersByTime(10_000)
    expect(text()).toBe(`${statusLine(STATE)}\n`.repeat(2))
  })

  test('that is a terminal is redrawn in place four times a second and left usable', () => {
    const { out, text } = output({ rows: 12, columns: 40 })
    const screen = openScreen(out)
    screen.follow(() => STATE)
    const first = text()
    vi.advanceTimersByTime(1_000)
    const redraws = text().split('\u001b[11A')
    expect(redraws).toHaveLength(5)
    // Cut to the terminal: neither wrapped nor scrolled lines, which would break the way back up.
    const lines = (redraws[1] as string).replace('\u001b[J', '').trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(11)
    expect(lines.every(line => line.length < 40)).toBe(true)
    expect(first.startsWith('\u001b[?25l')).toBe(true)
    screen.close()
    expect(text().endsWith('\u001b[?25h')).toBe(true)
    vi.advanceTimersByTime(1_000)
    expect(text()).toBe('')
  })
})
