import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { INFER_PATH, INFER_REQUEST } from '../../../loadtest/behaviours.ts'
import { ProxyProcess, scratchDirectory } from '../../../loadtest/proxy-process.ts'
import { Resources } from '../../../loadtest/resources.ts'
import { nginxConfiguration } from '../../../loadtest/run-nginx.ts'
import { startUnderstudy } from '../../../loadtest/run-proxy.ts'
import { StandIn } from '../../../loadtest/stand-in.ts'

describe('startUnderstudy', () => {
  test('serves the primary, copies to the shadow, and knows its own CPU time', async () => {
    await using resources = new Resources()
    const primary = resources.add(await StandIn.start('healthy', 'primary'))
    const shadow = resources.add(await StandIn.start('healthy', 'shadow'))
    const proxy = resources.add(await startUnderstudy({ primaryPort: primary.port, shadow }))
    const before = proxy.cpuMs()
    for (let i = 0; i < 50; i++) {
      const answer = await fetch(`http://127.0.0.1:${proxy.port}${INFER_PATH}`, { method: 'POST', body: INFER_REQUEST })
      expect(await answer.json()).toMatchObject({ model_name: 'churn' })
    }
    while ((await shadow.counts()).requests < 50) await sleep(10)
    expect((await primary.counts()).requests).toBe(50)
    expect(before).toBeGreaterThan(0)
    expect(proxy.cpuMs()).toBeGreaterThan(before)
    expect((await fetch(`${proxy.adminUrl}/healthz`)).status).toBe(200)
  })
})

describe('ProxyProcess', () => {
  test('a proxy that does not start is told with what it said', async () => {
    const script = "console.error('port taken'); process.exit(3)"
    const child = new ProxyProcess(process.execPath, ['-e', script], scratchDirectory('test'), () => {})
    await expect(child.died()).rejects.toThrow(/ended with 3:\nport taken/)
    await child.stop()
    expect(existsSync(child.directory)).toBe(false)
  })

  test('measures CPU time, not time', async () => {
    const busy = new ProxyProcess(process.execPath, ['-e', 'for (;;);'], scratchDirectory('test'), () => {})
    const idle = new ProxyProcess(
      process.execPath,
      ['-e', 'setInterval(() => {}, 1000)'],
      scratchDirectory('test'),
      () => {},
    )
    await sleep(1500)
    const [busyMs, idleMs] = [busy.cpuMs(), idle.cpuMs()]
    await Promise.all([busy.stop(), idle.stop()])
    expect(busyMs).toBeGreaterThan(300)
    expect(idleMs).toBeLessThan(busyMs / 2)
  })
})

describe('nginxConfiguration', () => {
  test('mirrors to the shadow only when there is one, and verifies its certificate', () => {
    const alone = nginxConfiguration({ primaryPort: 9001, shadow: null }, 8080)
    expect(alone).toContain('listen 127.0.0.1:8080')
    expect(alone).not.toContain('mirror')
    const shadowed = nginxConfiguration({ primaryPort: 9001, shadow: { url: 'https://127.0.0.1:9002' } }, 8080)
    expect(shadowed).toContain('mirror /mirror; proxy_pass http://primary;')
    expect(shadowed).toContain('proxy_ssl_verify on')
    expect(shadowed).toContain('proxy_pass https://candidate$request_uri;')
  })
})
