import { createServer } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { readCpuMs, readProcess, readRssBytes, watchRss } from '../../support/process-use.ts'

const MIB = 1024 * 1024

describe('what a process uses', () => {
  test('agrees with what the process says of itself', () => {
    const use = readProcess(process.pid)
    expect(Math.abs(use.rssBytes - process.memoryUsage.rss())).toBeLessThan(20 * MIB)
    const { user, system } = process.cpuUsage()
    expect(Math.abs(use.cpuMs - (user + system) / 1000)).toBeLessThan(200)
  })

  test('sees memory that is touched, and its peak after it is gone', () => {
    const before = readRssBytes(process.pid)
    const watch = watchRss(process.pid, 5)
    const memory = Buffer.alloc(64 * MIB, 1)
    expect(readRssBytes(process.pid) - before).toBeGreaterThan(48 * MIB)
    expect(memory.length).toBe(64 * MIB)
    expect(watch.stop()).toMatchObject({ samples: 1, peakBytes: expect.any(Number) as number })
  })

  test('samples while it watches', async () => {
    const watch = watchRss(process.pid, 5)
    await sleep(60)
    expect(watch.stop().samples).toBeGreaterThan(2)
  })

  test('sees time that is spent', () => {
    const before = readCpuMs(process.pid)
    const startUs = process.cpuUsage().user
    // Until this much was really given to the process: on a busy machine that takes longer than a wait.
    while (process.cpuUsage().user - startUs < 80_000);
    expect(readCpuMs(process.pid) - before).toBeGreaterThanOrEqual(30)
  })

  test('counts a socket when it opens and when it closes', async () => {
    const before = readProcess(process.pid).sockets
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    expect(readProcess(process.pid).sockets).toBe(before + 1)
    server.close()
    await once(server, 'close')
    expect(readProcess(process.pid).sockets).toBe(before)
  })

  test('of a process that does not exist is an error', () => {
    expect(() => readProcess(2 ** 30)).toThrow('ENOENT')
  })
})
