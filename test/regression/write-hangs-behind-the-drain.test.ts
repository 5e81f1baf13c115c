/**
 * A write to the file sink that hangs (here: a full pipe nobody reads) was left to the end of the process, which did not
 * come: Node.js waits for such a write before it ends, in `process.exit` too. So `serve` had drained and stayed, a second
 * signal did nothing, and only a SIGKILL from outside ended it. Below /proc it did not even hang but span: Node's recursive
 * mkdir never returns there.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startUnderstudy, type RunningUnderstudy } from '../support/run-understudy.ts'
import { eventually } from '../support/within.ts'

async function modelServer(): Promise<string> {
  const server = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function proxyThatRecordsTo(path: string): Promise<RunningUnderstudy> {
  const url = await modelServer()
  const proxy = await startUnderstudy({
    upstreams: { v1: url, v2: url },
    routes: [{ name: 'r', primary: 'v1', shadows: [{ upstream: 'v2', percent: 100 }] }],
    sinks: { file: { path } },
  })
  onTestFinished(() => proxy.kill())
  await (await fetch(proxy.url, { method: 'POST' })).text()
  const pending = async () => (await proxy.readMetrics()).value('understudy_sink_pending_records', { sink: 'file' })
  await eventually(async () => (await pending()) > 0, 10_000)
  return proxy
}

describe.runIf(process.platform === 'linux')('a file sink whose writes hang', () => {
  test('does not keep a drained proxy alive, and its end is no success', async () => {
    const proxy = await proxyThatRecordsTo(pipe())
    const { code, signal, ms } = await proxy.stop(20_000)
    expect([code, signal]).toEqual([null, 'SIGKILL'])
    expect(ms).toBeLessThan(15_000)
    expect(proxy.log.at(-1)).toMatchObject({ level: 'error', msg: expect.stringContaining('a write still hangs') })
  })

  test('does not survive a second signal', async () => {
    const proxy = await proxyThatRecordsTo(pipe())
    proxy.signal('SIGTERM')
    await proxy.waitForLog(line => line.msg === 'draining')
    proxy.signal('SIGTERM')
    expect(await proxy.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(proxy.output.join('\n')).toContain('a second signal')
  })

  test('below /proc cannot write, and says so', async () => {
    const proxy = await proxyThatRecordsTo('/proc/nope/pairs.ndjson')
    await proxy.waitForLog(line => line.msg.startsWith('the file sink cannot write'))
    expect(await proxy.stop(20_000)).toMatchObject({ code: 0, signal: null })
  })
})

/** Full, and nobody reads it. */
function pipe(): string {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-pipe-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'pairs')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  expect(() => {
    for (;;) writeSync(fd, Buffer.alloc(4096))
  }).toThrow('EAGAIN')
  return path
}
