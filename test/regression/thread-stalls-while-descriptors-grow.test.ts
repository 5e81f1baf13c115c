import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { startUnderstudy } from '../support/run-understudy.ts'

/**
 * The kernel doubles the table of file descriptors when a connection needs one more than it holds. In a process of several
 * threads that takes 5 to 15 ms, all of them within `accept4` (seen in a trace of system calls): each time a proxy had more
 * clients than ever before by a power of two, its data-plane thread stood still. Now the table is large from the start.
 */
test.runIf(process.platform === 'linux').each([
  [10_000, 4_096],
  [600, 600],
])('with limits.connections %i there is room for %i descriptors from the start', async (connections, room) => {
  const proxy = await startUnderstudy({
    limits: { connections },
    upstreams: { v1: 'http://127.0.0.1:1' },
    routes: [{ name: 'r', primary: 'v1' }],
  })
  onTestFinished(() => proxy.kill())
  const size = Number(/^FDSize:\s+(\d+)$/m.exec(readFileSync(`/proc/${proxy.pid}/status`, 'utf8'))?.[1])
  expect(size).toBeGreaterThanOrEqual(room)
  expect(size).toBeLessThanOrEqual(4 * room)
})
