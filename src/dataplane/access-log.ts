import { ERRORS } from '../errors.ts'
import type { Exchange } from './exchange.ts'

/** One line for a share of the requests (`log.access`); posted to the control thread, which writes it. */
export function accessLine(exchange: Exchange, durationUs: number): void {
  const { plane, head, live, client } = exchange
  const share = exchange.runtime.snapshot.log.access
  if (share === 0 || Math.random() >= share) return
  plane.postLog({
    kind: 'log',
    level: 'info',
    message: 'request',
    fields: {
      requestId: exchange.requestId,
      route: exchange.routeName,
      arm: exchange.arm,
      method: head.method,
      path: head.path,
      status: client.statusWritten === 0 && exchange.clientGone ? ERRORS.CLIENT_GONE.status : client.statusWritten,
      error: live?.error ?? null,
      durationMs: durationUs / 1e3,
      upstreamMs: live === null ? null : live.latencyUs / 1e3,
      bytes: live?.bytes ?? 0,
      shadows: exchange.slots.length,
      address: head.address,
    },
  })
}
