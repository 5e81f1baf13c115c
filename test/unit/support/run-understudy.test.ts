import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { getJson, HttpStatusError } from '../../support/http-json.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { runCommand } from '../../support/run-command.ts'
import { startUnderstudy, type RunningUnderstudy } from '../../support/run-understudy.ts'
import { startUpstream, type UpstreamServer } from '../../support/upstream-server.ts'
import { eventually } from '../../support/within.ts'

/** Each test starts real processes. */
const TIMEOUT_MS = 30_000

let upstream: UpstreamServer | undefined
let proxy: RunningUnderstudy | undefined

afterEach(async () => {
  await proxy?.kill()
  await upstream?.stop()
  proxy = upstream = undefined
})

async function start(): Promise<{ proxy: RunningUnderstudy; upstream: UpstreamServer }> {
  upstream = await startUpstream((_, respond) => respond.reply(200, {}, 'answer'))
  proxy = await startUnderstudy(config('model-v1'))
  return { proxy, upstream }
}

function config(name: string): Record<string, unknown> {
  return { upstreams: { [name]: upstream?.url }, routes: [{ name: 'all', match: {}, primary: name }] }
}

describe('a proxy started for a test', { timeout: TIMEOUT_MS }, () => {
  test('serves, is scraped, reloads and stops in order', async () => {
    const { proxy, upstream } = await start()
    const client = await connectRaw(proxy.port)
    client.send('GET /x HTTP/1.1\r\nhost: model\r\n\r\n')
    expect((await client.readResponse()).body.toString()).toBe('answer')
    expect(upstream.requests[0]?.target).toBe('/x')
    client.destroy()

    await eventually(async () => (await proxy.readMetrics()).sum('understudy_requests_total', { route: 'all' }) === 1)
    expect(await getJson(`${proxy.adminUrl}/healthz`)).toMatchObject({ status: 'ok' })
    await expect(getJson(`${proxy.adminUrl}/nowhere`)).rejects.toBeInstanceOf(HttpStatusError)

    const applied = await proxy.reload(config('model-v2'))
    expect(applied).toMatchObject({ revision: 2, lastFailure: null })
    const refused = await proxy.reload('nonsense: [')
    expect(refused.revision).toBe(2)
    expect(refused.lastFailure?.problems.length).toBeGreaterThan(0)

    const stopped = await proxy.stop()
    expect(stopped).toMatchObject({ code: 0, signal: null })
    expect(stopped.ms).toBeLessThan(TIMEOUT_MS)
    expect(existsSync(proxy.directory)).toBe(false)
    await expect(proxy.waitForLog(() => false)).rejects.toThrow('has exited')
  })

  test('that does not come up says why and leaves nothing behind', async () => {
    await expect(startUnderstudy('listen: 127.0.0.1:0\nnonsense: 1\n')).rejects.toThrow(/exit code 2[^]*nonsense/)
  })

  test('dies with the process that started it, even when that one is killed', async () => {
    upstream = await startUpstream((_, respond) => respond.reply(200))
    const module = new URL('../../support/run-understudy.ts', import.meta.url).href
    const script = `
      const { startUnderstudy } = await import(${JSON.stringify(module)})
      const proxy = await startUnderstudy(${JSON.stringify(config('model-v1'))})
      console.log(proxy.pid + ' ' + proxy.directory)
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [pid = '', directory = ''] = await new Promise<string[]>(resolve => {
      parent.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString().trim().split(' ')))
    })
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    parent.kill('SIGKILL')
    await eventually(() => !existsSync(`/proc/${pid}`))
    rmSync(directory, { recursive: true }) // nobody was left to do it
  })
})

describe('a command run for a test', { timeout: TIMEOUT_MS }, () => {
  test('gives its exit code and both outputs', async () => {
    const version = await runCommand(['version'])
    expect(version).toMatchObject({ code: 0, stderr: '' })
    expect(version.stdout).toContain(process.version.slice(1))
    const wrong = await runCommand(['no-such-command'])
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toContain('no-such-command')
  })

  test('that does not end is killed', async () => {
    const { proxy } = await start()
    const serve = runCommand(['serve', '-c', proxy.configFile], { timeoutMs: 300 })
    await expect(serve).rejects.toThrow('did not end within 300 ms')
  })
})
