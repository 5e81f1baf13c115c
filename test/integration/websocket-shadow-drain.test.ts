import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { closeOf, nextMessage, openWebSocket, startWsUpstream, type WsUpstream } from '../support/websocket.ts'
import { eventually } from '../support/within.ts'

let primary: WsUpstream
let shadow: WsUpstream
let proxy: RunningUnderstudy

async function start(answers: boolean, timeout: string): Promise<void> {
  primary = await startWsUpstream()
  shadow = await startWsUpstream({ echo: answers })
  proxy = await startUnderstudy({
    upstreams: { primary: primary.url, shadow: shadow.url },
    routes: [
      {
        name: 'r',
        match: {},
        primary: 'primary',
        shadows: [{ upstream: 'shadow', percent: 100, websockets: true, timeout }],
      },
    ],
    sinks: { file: { path: join(keep, 'pairs.ndjson') } },
  })
}

let keep = ''
beforeEach(() => {
  keep = mkdtempSync(join(tmpdir(), 'understudy-drain-'))
})

afterEach(async () => {
  await proxy.kill()
  await Promise.all([primary.stop(), shadow.stop()])
  rmSync(keep, { recursive: true, force: true })
})

interface Line {
  readonly schema: string
  readonly comparison?: { readonly result: string }
  readonly counts?: {
    readonly sent: number
    readonly pairs: number
    readonly unpaired: Readonly<Record<string, number>>
  }
}

function lines(): Line[] {
  return readFileSync(join(keep, 'pairs.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
}

test('D7: a session that is open at the end of the process is compared as far as it went', async () => {
  await start(true, '60s')
  const client = await openWebSocket(proxy.url)
  client.send('hello')
  await nextMessage(client)
  await eventually(() => shadow.clients.size === 1)
  const closed = closeOf(client)
  const stopped = await proxy.stop()
  expect((await closed).code).toBe(1001)
  expect(stopped.code).toBe(0)
  const [pair] = lines().filter(({ schema }) => schema === 'understudy.pair/1')
  expect(pair?.comparison?.result).toBe('agree')
})

test('D7: a shadow that does not answer holds the end up no longer than the drain, and is counted', async () => {
  await start(false, '600s')
  const client = await openWebSocket(proxy.url)
  client.send('hello')
  await nextMessage(client)
  const stopped = await proxy.stop()
  expect(stopped.code).toBe(0)
  const windows = lines().flatMap(({ counts }) => counts ?? [])
  expect(windows.map(({ sent, pairs, unpaired }) => [sent, pairs, unpaired['shutdown']])).toContainEqual([1, 0, 1])
})
