/**
 * `serve` listened, said so, and only then asked to hear signals. Until it did, a SIGHUP ended the process and a SIGTERM
 * ended it without a drain: an orchestrator that signals as soon as the port is open could hit that moment, and on a busy
 * machine did. Signals are now heard before anything is started, and wait for it.
 */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RunningUnderstudy } from '../support/run-understudy.ts'
import { eventually } from '../support/within.ts'

const SIGHUP = 1
const CONFIG = { upstreams: { v1: 'http://127.0.0.1:1' }, routes: [{ name: 'r', primary: 'v1' }] }

test('a SIGHUP and a SIGTERM during the start are not lost, and end nothing in the middle', async () => {
  const proxy = new RunningUnderstudy(mkdtempSync(join(tmpdir(), 'understudy-')), CONFIG, {})
  await eventually(() => hears(proxy.pid, SIGHUP), 10_000)
  expect(proxy.log.map(line => line.msg)).not.toContain('listening')
  proxy.signal('SIGHUP')
  await proxy.waitForLog(line => line.msg === 'configuration unchanged', 10_000)
  await proxy.ready(1000)
  await proxy.stop()

  const other = new RunningUnderstudy(mkdtempSync(join(tmpdir(), 'understudy-')), CONFIG, {})
  await eventually(() => hears(other.pid, SIGHUP), 10_000)
  expect(await other.stop()).toMatchObject({ code: 0, signal: null })
  expect(other.log.map(line => line.msg)).toEqual(expect.arrayContaining(['listening', 'draining', 'drained']))
})

/** Whether a process has a handler for a signal, as the kernel sees it. */
function hears(pid: number, signal: number): boolean {
  const caught = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n
}
