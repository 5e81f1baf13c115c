import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { INFER_PATH, INFER_REQUEST } from '../../../loadtest/behaviours.ts'
import { INFER_ANSWER } from '../../../loadtest/behaviours.ts'
import type { Contender } from '../../../loadtest/contender.ts'
import { Resources } from '../../../loadtest/resources.ts'
import { startFloorRelay, startHttpProxy } from '../../../loadtest/run-node-proxy.ts'
import { StandIn } from '../../../loadtest/stand-in.ts'

async function infer({ port }: { readonly port: number }): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${INFER_PATH}`, { method: 'POST', body: INFER_REQUEST })
  expect(answer.status).toBe(200)
  return answer.text()
}

async function servesTwice(proxy: Contender): Promise<void> {
  expect(await infer(proxy)).toBe(INFER_ANSWER)
  expect(await infer(proxy)).toBe(INFER_ANSWER)
  expect(proxy.cpuMs()).toBeGreaterThan(0)
}

test('the raw relay answers from the primary and copies to the shadow', async () => {
  await using resources = new Resources()
  const primary = resources.add(await StandIn.start('healthy', 'primary'))
  const shadow = resources.add(await StandIn.start('healthy', 'shadow'))
  await servesTwice(resources.add(await startFloorRelay({ primaryPort: primary.port, shadow })))
  expect((await primary.counts()).requests).toBe(2)
  while ((await shadow.counts()).requests < 2) await sleep(10)
})

test('the raw relay does without a shadow, and outlives a primary that resets', async () => {
  await using resources = new Resources()
  const primary = resources.add(await StandIn.start('resetting', 'primary'))
  const proxy = resources.add(await startFloorRelay({ primaryPort: primary.port, shadow: null }))
  await expect(infer(proxy)).rejects.toThrow('fetch failed')
  await expect(infer(proxy)).rejects.toThrow('fetch failed')
  expect((await primary.counts()).requests).toBeGreaterThanOrEqual(2)
})

test('http-proxy answers from the primary over a connection that it keeps', async () => {
  await using resources = new Resources()
  const primary = resources.add(await StandIn.start('healthy', 'primary'))
  await servesTwice(resources.add(await startHttpProxy({ primaryPort: primary.port, shadow: null })))
  expect(await primary.counts()).toMatchObject({ requests: 2, connections: 1 })
})
