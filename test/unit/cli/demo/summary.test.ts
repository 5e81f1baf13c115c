import { describe, expect, test } from 'vitest'
import { loadDigits } from '../../../../src/cli/demo/digits.ts'
import { demoReport, runFailure, type ReportInput } from '../../../../src/cli/demo/report.ts'
import { summaryLines } from '../../../../src/cli/demo/summary.ts'
import { EXPERIMENT_VIEW, PLACES, sure, TRAFFIC, VERDICT_VIEW } from './canned.ts'

const digits = loadDigits()
const eights = digits.filter(({ label }) => label === 8).map(({ index }) => index)
const [first, second] = eights as [number, number]

const INPUT: ReportInput = {
  scenario: 'broken',
  primary: 'model A',
  candidate: 'model B',
  seconds: 20.4,
  traffic: {
    ...TRAFFIC,
    answersByImage: new Map([
      [first, 30],
      [second, 21],
      [0, 949],
    ]),
  },
  experiment: EXPERIMENT_VIEW,
  verdict: VERDICT_VIEW,
  differing: [
    { image: second, primary: sure(8, 0.91), candidate: sure(1, 0.55), distance: 0.5, times: 20 },
    { image: first, primary: sure(8, 0.97), candidate: sure(3, 0.9), distance: 0.9, times: 30 },
  ],
  expected: { images: 898, differing: new Set([first, second]) },
  digits,
  places: PLACES,
  kafka: null,
}

const summary = (input: ReportInput): string => summaryLines(demoReport(input)).join('\n')

describe('the summary of a run', () => {
  const text = summary(INPUT)

  test('begins with the verdict, the gate that decided it and the digit that suffered', () => {
    expect(text).toContain('Verdict ROLLBACK: agreement harm: 94.8 % agree, at least 96 % asked')
    expect(text).toContain('\n  Hardest hit: digit 8. In 50 of its 51 requests v1 was right and v2 wrong.')
    expect(text.match(/agreement harm|Hardest hit/g)).toEqual(['agreement harm', 'Hardest hit'])
  })

  test('says what was compared and how much agreed, in integers that add up', () => {
    expect(text).toContain('Agreement 94.8 %: v1 and v2 gave the same digit in 920 of 970 compared pairs')
    expect(text).toContain('1 003 sent, 1 000 answered 2xx, 2 answered 5xx, 1 failed')
    expect(text).toContain('1 000 sampled = 990 sent + 10 dropped (in_flight 10)')
    expect(text).toContain('990 sent = 990 paired + 0 unpaired')
    expect(text).toContain('errors     shadow 20, primary 0, both 0; incomparable 0')
  })

  test('shows the latency of both legs in milliseconds', () => {
    expect(text).toMatch(/primary +0\.84 ms +1\.68 ms +2\.30 ms/)
    expect(text).toMatch(/shadow +1\.20 ms +2\.40 ms +45\.6 ms/)
  })

  test('names the digit that the candidate lost, and how it reads it', () => {
    expect(text).toContain('true 8: v1 → 8, v2 → 3 (30 times)')
    expect(text).toContain('true 8: v1 → 8, v2 → 1 (20 times)')
    expect(text).toContain('v2 was right where v1 was wrong never, and wrong where v1 was right 50 times')
  })

  test('names the digit that suffered although nothing was rolled back, beside the differences', () => {
    const safe = VERDICT_VIEW.gates.map(gate => ({ ...gate, state: 'safe' as const, reason: 'agreement safe' }))
    const text = summary({
      ...INPUT,
      verdict: { ...VERDICT_VIEW, verdict: 'PROMOTE', reason: 'all safe', gates: safe },
    })
    expect(text).toContain('Verdict PROMOTE: all safe\n  agreement safe\n')
    expect(text).toContain('and wrong where v1 was right 50 times\n  Hardest hit: digit 8.')
  })

  test('says how many pairs are not judged', () => {
    const gates = VERDICT_VIEW.gates.map(gate => ({ ...gate, n: 900 }))
    expect(summary({ ...INPUT, verdict: { ...VERDICT_VIEW, gates } })).toContain(
      '(900 of 970 compared pairs are judged: those of the warm-up are not)',
    )
    expect(text).not.toContain('are judged')
  })

  test('shows what the proxy found without knowing the digits', () => {
    const confusions = Array.from({ length: 10 }, (_, i) => ({ primary: '8', shadow: `${i}`, count: 20 - i }))
    const text = summary({ ...INPUT, experiment: { ...EXPERIMENT_VIEW, confusions, otherConfusions: 5 } })
    expect(text).toContain('v1 → v2  8 → 0 (20), 8 → 1 (19), ')
    expect(text).toContain(', 8 → 7 (13), others 28\n')
    expect(text).toContain('field    $.outputs.label[0] has another value (50 times)')
  })

  test('draws the images, the most different one first, with what both versions said', () => {
    const lines = text.split('\n')
    const caption = lines.findIndex(line => line.includes(`image ${first}: true 8`))
    expect(lines[caption]).toMatch(new RegExp(`image ${first}: true 8 +image ${second}: true 8`))
    expect(lines[caption + 1]).toMatch(/v1 → 8 \(p 0\.97\) +v1 → 8 \(p 0\.91\)/)
    expect(lines[caption + 2]).toMatch(/v2 → 3 \(p 0\.90\) +v2 → 1 \(p 0\.55\)/)
    expect(lines.slice(caption - 8, caption).filter(line => line.includes('@')).length).toBeGreaterThan(3)
  })

  test('holds the count of the proxy against the models run without it', () => {
    expect(text).toContain('offline: the models differ on 0.2 % of these images (2 of 898)')
    expect(text).toContain('must hold 51 disagreements; the proxy counted 50')
    expect(text).toContain('(30 requests were not compared: there may be up to that many fewer)')
  })

  test('says where the records are, and what Kafka took', () => {
    expect(text).toContain(PLACES.recordsFile)
    expect(text).not.toContain('Kafka')
    const totals = { brokers: ['127.0.0.1:9092'], accepted: 1010, delivered: 1000, dropped: 4 }
    expect(summary({ ...INPUT, kafka: totals })).toContain(
      '127.0.0.1:9092: 1 000 records delivered, 6 waiting, 4 dropped',
    )
    const away = { ...totals, delivered: 0, dropped: 0 }
    expect(summary({ ...INPUT, kafka: away })).toContain('(does a broker answer there?)')
  })

  test('of a run without any difference says so', () => {
    expect(summary({ ...INPUT, differing: [] })).toContain('The versions differed on no image.')
  })
})

describe('a run', () => {
  const report = demoReport(INPUT)
  const failureOf = (change: Partial<typeof report>): string | null => runFailure({ ...report, ...change })

  test('that compared pairs has not failed', () => {
    expect(runFailure(report)).toBeNull()
  })

  test('without requests, answers or comparable pairs has failed', () => {
    expect(failureOf({ requests: { ...report.requests, sent: 0 } })).toBe('no request was sent')
    expect(failureOf({ requests: { ...report.requests, answered: { '5xx': 9 } } })).toContain('no request was answered')
    expect(failureOf({ agreement: { compared: 0, agree: 0, share: null } })).toBe(
      'no pair could be compared: 990 pairs, 10 copies dropped',
    )
  })
})
