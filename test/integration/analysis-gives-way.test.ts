import { readdirSync, readFileSync } from 'node:fs'
import { getPriority, platform } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'

let upstream: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  upstream = await startUpstream((_request, respond) => respond.reply(200))
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 2 },
    upstreams: { v1: upstream.url },
    routes: [{ name: 'r', match: {}, primary: 'v1' }],
  })
})
afterAll(async () => {
  await proxy.stop()
  await upstream.stop()
})

/** How nice each thread of the process is to others: field 19 of its `stat`, proc(5). */
function niceness(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(thread => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
}

const mayDiffer = platform() === 'linux' && getPriority() < 10

test.runIf(mayDiffer)('the analysis thread gives way to all others, and no other does', () => {
  const ours = getPriority()
  const threads = niceness(proxy.pid)
  expect(threads.filter(nice => nice === 10)).toHaveLength(1)
  expect(threads.filter(nice => nice !== 10 && nice !== ours)).toEqual([])
})
