import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestAdmin } from '../../../support/admin.ts'
import { parseMetrics } from '../../../support/prometheus-text.ts'

const EXPERIMENT = 'churn.churn-v2.0a1b2c3d'

let admin: TestAdmin

beforeEach(async () => {
  admin = await new TestAdmin().start()
})

afterEach(() => admin.server.close())

const override = async (change: unknown, id = 'churn.churn-v2') =>
  await admin.ask('POST', `/api/v1/experiments/${id}/override`, { body: JSON.stringify(change) })

const signed = (verdict: unknown) => ({ verdict, actor: 'ada', reason: 'labels were wrong' })

describe('an override', () => {
  test('is the verdict for API and metrics; what the judge says stays beside it', async () => {
    const answer = await override(signed('PROMOTE'))
    expect(answer.status).toBe(200)
    const view = await admin.get('/api/v1/experiments/churn.churn-v2/verdict')
    expect(answer.json()).toEqual(view)
    expect(view).toMatchObject({
      experiment: EXPERIMENT,
      verdict: 'PROMOTE',
      judged: 'CONTINUE',
      override: { verdict: 'PROMOTE', actor: 'ada', reason: 'labels were wrong' },
    })
    const metrics = parseMetrics((await admin.ask('GET', '/metrics')).text)
    expect(metrics.value('understudy_verdict', { experiment: EXPERIMENT })).toBe(1)
  })

  test('is taken back with null; both are in the audit log', async () => {
    await override(signed('ROLLBACK'))
    await override({ ...signed(null), reason: 'a false alarm' })
    expect(await admin.get('/api/v1/experiments/churn.churn-v2/verdict')).toMatchObject({
      verdict: 'CONTINUE',
      judged: 'CONTINUE',
      override: null,
    })
    const { entries } = (await admin.get('/api/v1/audit')) as { entries: unknown[] }
    const entry = { action: 'verdict_override', experiment: EXPERIMENT, actor: 'ada', revision: 1 }
    expect(entries).toEqual([
      { ...entry, reason: 'a false alarm', before: 'ROLLBACK', after: 'CONTINUE', at: expect.any(String) },
      { ...entry, reason: 'labels were wrong', before: 'CONTINUE', after: 'ROLLBACK', at: expect.any(String) },
    ])
  })

  test('that is not there is taken back without an entry in the audit log', async () => {
    const answer = await override({ ...signed(null), reason: 'to be sure' })
    expect([answer.status, answer.json()]).toMatchObject([200, { verdict: 'CONTINUE', override: null }])
    expect(await admin.get('/api/v1/audit')).toEqual({ entries: [] })
  })

  test('wakes those who wait for the verdict', async () => {
    const waited = admin.get('/api/v1/experiments/churn.churn-v2/verdict?wait=1m')
    await override(signed('PROMOTE'))
    expect(await waited).toMatchObject({ verdict: 'PROMOTE' })
  })

  test.each([
    ['nothing', null, 'send {'],
    ['no verdict', { actor: 'ada', reason: 'r' }, 'verdict must be one of PROMOTE, CONTINUE'],
    ['another word', signed('promote'), 'verdict must be one of'],
    ['nobody', { ...signed('PROMOTE'), actor: ' ' }, 'actor must say who'],
    ['no reason', { ...signed('PROMOTE'), reason: undefined }, 'reason must say why'],
    ['a novel', { ...signed('PROMOTE'), reason: 'r'.repeat(1_001) }, 'may have 1000 characters'],
  ])('with %s is refused in words', async (_, change, words) => {
    const answer = await override(change)
    expect([answer.status, answer.json()]).toEqual([400, { error: expect.stringContaining(words) }])
    expect(admin.state.overrides.get(EXPERIMENT)).toBeNull()
  })

  test('of an experiment that is not there is a 404', async () => {
    expect((await override(signed('PROMOTE'), 'nobody.v9')).status).toBe(404)
  })
})
