import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream-server.ts'
import { eventually } from '../support/within.ts'

interface ThreadState {
  readonly name: string
  readonly niceness: number
}

let primary: UpstreamServer
let proxy: RunningUnderstudy

beforeAll(async () => {
  primary = await startUpstream((_request, respond) => respond.reply(200, {}, '{}'))
  proxy = await startUnderstudy({
    listen: { address: '127.0.0.1:0', threads: 2 },
    upstreams: { v1: primary.url },
    routes: [{ name: 'r', match: { prefix: '/' }, primary: 'v1' }],
  })
})
afterAll(async () => {
  await proxy.kill()
  await primary.stop()
})

test.runIf(process.platform === 'linux')(
  'of all threads only that of the analysis gives way: not the data plane, nor what all of them share',
  async () => {
    const niced = await eventually(() => {
      const threads = threadsOf(proxy.pid)
      return threads.some(({ niceness }) => niceness > 0) ? threads : undefined
    }, 5_000)
    expect(niced.filter(({ niceness }) => niceness !== 0)).toEqual([{ name: 'WorkerThread', niceness: 10 }])
    expect(niced.filter(({ name }) => name === 'WorkerThread')).toHaveLength(3)
    expect(niced.map(({ name }) => name)).toContain('libuv-worker')
  },
)

/** Of /proc/PID/task/TID/stat: the name stands in parentheses, the niceness is field 19. */
function threadsOf(pid: number): ThreadState[] {
  return readdirSync(`/proc/${pid}/task`).map(tid => {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')
    const end = stat.lastIndexOf(')')
    const fields = stat.slice(end + 2).split(' ')
    return { name: stat.slice(stat.indexOf('(') + 1, end), niceness: Number(fields[16]) }
  })
}
