import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestAdmin } from '../../../support/admin.ts'

let admin: TestAdmin

beforeEach(async () => {
  admin = await new TestAdmin().start()
})

afterEach(() => admin.server.close())

const set = async (body: string | undefined) =>
  await admin.ask('POST', '/api/v1/routes/churn/canary', body === undefined ? {} : { body })

describe('the canary percentage', () => {
  test('is set with the name of who does it and why', async () => {
    admin.reloadResult = { result: 'applied', revision: 5, changes: [] }
    const answer = await set('{"percent": 12.5, "actor": "ada", "reason": "looks good"}')
    expect([answer.status, answer.json()]).toEqual([200, admin.reloadResult])
    expect(admin.asked).toEqual([
      { route: 'churn', percent: 12.5, resumeRamp: false, actor: 'ada', reason: 'looks good' },
    ])
  })

  test('is where the ramp goes on, when the change says so', async () => {
    await set('{"percent": 5, "actor": "ada", "reason": "fixed", "ramp": "resume"}')
    expect(admin.asked).toEqual([{ route: 'churn', percent: 5, resumeRamp: true, actor: 'ada', reason: 'fixed' }])
  })

  test.each([
    ['no body', undefined],
    ['another word for ramp', '{"percent": 5, "actor": "a", "reason": "r", "ramp": "on"}'],
    ['no JSON', '{percent: 5}'],
    ['no object', '5'],
    ['null', 'null'],
    ['no percent', '{"actor": "a", "reason": "r"}'],
    ['text for percent', '{"percent": "5", "actor": "a", "reason": "r"}'],
    ['below 0', '{"percent": -1, "actor": "a", "reason": "r"}'],
    ['over 100', '{"percent": 100.1, "actor": "a", "reason": "r"}'],
    ['nobody', '{"percent": 5, "actor": "", "reason": "r"}'],
    ['no reason', '{"percent": 5, "actor": "a"}'],
    ['too long', `{"percent": 5, "actor": "a", "reason": "${'r'.repeat(70_000)}"}`],
  ])('is not set with %s', async (_, body) => {
    const answer = await set(body)
    expect([answer.status, Object.keys(answer.json() as object)]).toEqual([400, ['error']])
    expect(admin.asked).toEqual([])
  })

  test('changes are in the audit log, newest first', async () => {
    const entry = {
      action: 'canary_percent',
      route: 'churn',
      actor: 'ada',
      reason: 'r',
      before: 0,
      revision: 2,
    } as const
    for (const after of [1, 5, 25]) admin.state.audit.append({ ...entry, at: '2026-01-01T00:00:00.000Z', after })
    const { entries } = (await admin.get('/api/v1/audit?limit=2')) as { entries: { after: number }[] }
    expect(entries.map(each => each.after)).toEqual([25, 5])
  })
})
