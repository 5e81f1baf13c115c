import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { ExperimentView } from '../../../../src/control/admin/experiment-view.ts'
import { AdminClient } from '../../../../src/cli/demo/admin-client.ts'
import { DemoFailure } from '../../../../src/cli/demo/failure.ts'
import { Observer } from '../../../../src/cli/demo/observer.ts'
import { startUpstream, type UpstreamServer } from '../../../support/upstream-server.ts'
import { EXPERIMENT_VIEW, pairRecord } from './canned.ts'

const METRICS = `# TYPE understudy_sink_records_total counter
understudy_sink_records_total{sink="file",state="delivered"} 7
understudy_sink_records_total{sink="kafka",state="accepted"} 1204
understudy_sink_records_total{sink="kafka",state="delivered"} 1200
understudy_sink_records_total{sink="kafka",state="dropped"} 4
`

describe('the observer of a run', () => {
  let server: UpstreamServer
  afterEach(() => server.stop())

  async function adminThatShows(views: ExperimentView[]): Promise<AdminClient> {
    let shown = 0
    server = await startUpstream(({ target }, respond) => {
      const json = (body: unknown): void =>
        respond.reply(200, { 'content-type': 'application/json' }, JSON.stringify(body))
      if (target === '/metrics') respond.reply(200, {}, METRICS)
      else if (target.includes('/disagreements')) json({ disagreements: [pairRecord('a', 5, 8, 3)] })
      else json(views[Math.min(shown++, views.length - 1)])
    })
    return new AdminClient(server.url)
  }

  test('waits until every answered request is counted, then reads the disagreements', async () => {
    const early = { ...EXPERIMENT_VIEW, counts: { ...EXPERIMENT_VIEW.counts, eligible: 700 } }
    const open = { ...EXPERIMENT_VIEW, counts: { ...EXPERIMENT_VIEW.counts, pairs: 989 } }
    const observer = new Observer(await adminThatShows([early, open, EXPERIMENT_VIEW]))
    expect(await observer.settle(1000)).toEqual(EXPERIMENT_VIEW)
    expect(server.requests.map(({ target }) => target)).toEqual([
      '/api/v1/experiments/digits.digits-v2',
      '/api/v1/experiments/digits.digits-v2',
      '/api/v1/experiments/digits.digits-v2',
      '/api/v1/experiments/digits.digits-v2/disagreements?limit=1000',
    ])
    expect(observer.differences.newest().map(({ image }) => image)).toEqual([5])
  })

  test('reads what a sink did from the metrics', async () => {
    const observer = new Observer(await adminThatShows([EXPERIMENT_VIEW]))
    expect(await observer.sinkTotals('kafka')).toEqual({ accepted: 1204, delivered: 1200, dropped: 4 })
  })

  test('follows the counts until it is stopped', async () => {
    const observer = new Observer(await adminThatShows([EXPERIMENT_VIEW]))
    observer.start()
    await expect.poll(() => observer.experiment).toEqual(EXPERIMENT_VIEW)
    await observer.stop()
    const asked = server.requestCount
    await sleep(600)
    expect(server.requestCount).toBe(asked)
  })

  test('fails plainly when the admin API does not answer, or not well', async () => {
    server = await startUpstream((_request, respond) => respond.reply(404, {}, 'no experiment'))
    const settled = new Observer(new AdminClient(server.url)).settle(1)
    await expect(settled).rejects.toThrow(DemoFailure)
    await expect(settled).rejects.toThrow(/answered 404 to GET http.*: no experiment/)
    await expect(new AdminClient('http://127.0.0.1:1').experiment()).rejects.toThrow(DemoFailure)
  })
})
