import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { renderReport } from '../../../../src/judge/report/format.ts'
import type { ReportInput } from '../../../../src/judge/report/report-input.ts'
import { quickPlan } from '../../../support/verdicts.ts'
import { reportInput } from '../../../support/reports.ts'
import { comparePlan } from '../../../support/pairs.ts'

const ROLLED_BACK = reportInput({ agree: 185, disagree: 6, shadowErrors: 2, dropped: 3 }, 75)

/** The names and types of CycloneDX 1.6 (bom-1.6.schema.json) for the parts a report has; it allows no others. */
const property = z.strictObject({ name: z.string(), value: z.string() })
const component = z.strictObject({
  type: z.enum(['machine-learning-model', 'application']),
  'bom-ref': z.string().optional(),
  name: z.string(),
  version: z.string().optional(),
  description: z.string().optional(),
  modelCard: z
    .strictObject({
      modelParameters: z.strictObject({
        task: z.string().optional(),
        datasets: z.array(z.strictObject({ type: z.literal('dataset'), name: z.string(), description: z.string() })),
        inputs: z.array(z.strictObject({ format: z.string() })).optional(),
        outputs: z.array(z.strictObject({ format: z.string() })).optional(),
      }),
      quantitativeAnalysis: z.strictObject({
        performanceMetrics: z.array(
          z.strictObject({
            type: z.string(),
            value: z.string(),
            slice: z.string(),
            confidenceInterval: z
              .strictObject({ lowerBound: z.string(), upperBound: z.string().optional() })
              .optional(),
          }),
        ),
      }),
      considerations: z.strictObject({
        useCases: z.array(z.string()),
        technicalLimitations: z.array(z.string()),
        performanceTradeoffs: z.array(z.string()),
      }),
      properties: z.array(property),
    })
    .optional(),
})
const bom = z.strictObject({
  $schema: z.literal('http://cyclonedx.org/schema/bom-1.6.schema.json'),
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.literal('1.6'),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
  version: z.int().positive(),
  metadata: z.strictObject({
    timestamp: z.iso.datetime(),
    tools: z.strictObject({ components: z.array(component) }),
    component,
  }),
  components: z.array(component),
})

const bomOf = (input: ReportInput) => bom.parse(JSON.parse(renderReport(input, 'json')))

function cardOf(input: ReportInput) {
  const card = bomOf(input).components[0]?.modelCard
  if (card === undefined) throw new Error('the candidate has no model card')
  return card
}

describe('the JSON report', () => {
  test('names candidate and primary as models, the candidate with its card', () => {
    const { components } = bomOf(ROLLED_BACK)
    expect(components.map(({ name, version, modelCard }) => [name, version, modelCard !== undefined])).toEqual([
      ['v2', '2', true],
      ['v1', '1', false],
    ])
  })

  test('gives each gate as a metric with its interval, to the last digit', () => {
    const metrics = cardOf(ROLLED_BACK).quantitativeAnalysis.performanceMetrics
    for (const { id, estimate, interval } of ROLLED_BACK.look.gates) {
      const metric = metrics.find(({ type }) => type === id)
      expect(Number(metric?.value)).toBe(estimate)
      expect(Number(metric?.confidenceInterval?.lowerBound)).toBe(interval[0])
      expect(Number(metric?.confidenceInterval?.upperBound)).toBe(interval[1])
    }
    expect(metrics.find(({ type }) => type === 'share_shadow_error')?.value).toBe(String(150 / 14_475))
    const p99 = { type: 'latency_p99_seconds', value: '0.0359', slice: 'all pairs, candidate' }
    expect(metrics).toContainEqual(p99)
  })

  test('keeps the verdict, margins, votes, losses and settings as properties', () => {
    const values = new Map(cardOf(ROLLED_BACK).properties.map(({ name, value }) => [name, value]))
    const { decision, gates } = ROLLED_BACK.look
    expect(values.get('understudy:verdict')).toBe(decision.verdict)
    expect(values.get('understudy:verdict:reason')).toBe(decision.reason)
    for (const { id, n, margin, state, logE } of gates) {
      expect(values.get(`understudy:gate:${id}:votes`)).toBe(String(n))
      expect(values.get(`understudy:gate:${id}:margin`)).toBe(String(margin))
      expect(values.get(`understudy:gate:${id}:state`)).toBe(state)
      expect(values.get(`understudy:gate:${id}:logE:harm`)).toBe(String(logE.harm))
    }
    expect(values.get('understudy:exchanges:lost:overloaded')).toBe('225')
    expect(values.get('understudy:setting:verdict.min_duration')).toBe('20 s')
  })

  test('says what it does not know: gates that are not safe, and what was lost', () => {
    const limits = cardOf(ROLLED_BACK).considerations.technicalLimitations.join('\n')
    for (const { reason } of ROLLED_BACK.look.gates) expect(limits).toContain(reason)
    expect(limits).toContain('98.47 % of the sampled exchanges')
  })

  test('leaves out a task and a format that are only found by looking, and versions nobody gave', () => {
    const plan = quickPlan()
    expect(cardOf(ROLLED_BACK).modelParameters).not.toHaveProperty('task')
    const compare = comparePlan({ payload: 'oip', task: 'classification' })
    const declared = { ...plan, compare, candidate: { upstream: 'v2', version: null } }
    const input = reportInput({ agree: 10 }, 10, {}, declared)
    expect(cardOf(input).modelParameters).toMatchObject({ task: 'classification', inputs: [{ format: 'oip' }] })
    expect(bomOf(input).components[0]).not.toHaveProperty('version')
  })

  test('of an experiment without traffic has no metric and no made-up number', () => {
    const input = reportInput({}, 0, { latency: null, confusions: null })
    expect(cardOf(input).quantitativeAnalysis.performanceMetrics).toEqual([])
    expect(renderReport(input, 'json')).not.toMatch(/NaN|Infinity|undefined/)
  })

  test('has the same serial number for the same report, another for another', () => {
    const { serialNumber } = bomOf(ROLLED_BACK)
    expect(bomOf({ ...ROLLED_BACK }).serialNumber).toBe(serialNumber)
    expect(bomOf({ ...ROLLED_BACK, madeAt: '2026-01-01T12:00:01.000Z' }).serialNumber).not.toBe(serialNumber)
  })
})
