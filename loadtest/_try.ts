import { LoadDriver } from './driver.ts'
import { StandIn } from './stand-in.ts'
import { INFER_PATH, INFER_REQUEST } from './behaviours.ts'
import { startUnderstudy } from './run-proxy.ts'
import { startNginx } from './run-nginx.ts'
const s = await StandIn.start('healthy', 'primary')
const d = new LoadDriver()
for (const b of [
  null,
  'healthy',
  'slow',
  'hanging',
  'refusing',
  'resetting',
  'endless',
  'huge',
  'untrusted-tls',
] as const)
  for (const start of [startNginx, startUnderstudy]) {
    const sh = b === null ? null : await StandIn.start(b, 'shadow')
    try {
      const p = await start({ primaryPort: s.port, shadow: sh })
      const c0 = p.cpuMs()
      const r = await d.run({
        port: p.port,
        path: INFER_PATH,
        body: INFER_REQUEST,
        ratePerS: 500,
        connections: 500,
        fresh: false,
        warmUpMs: 1000,
        measureMs: 2000,
        timeoutMs: 5000,
      })
      console.log(
        p.name,
        b,
        r.ok,
        r.sent,
        r.p50Us,
        r.p99Us,
        r.achievedPerS,
        r.driverLagP99Us,
        p.cpuMs() - c0,
        await sh?.counts(),
      )
      await p.stop()
    } catch (e) {
      console.log(String(e))
    }
    await sh?.stop()
  }
await d.stop()
await s.stop()
