import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import type { ControlToDataPlane, DataPlaneData, DataPlaneToControl } from '../wire/messages.ts'
import { DataPlane } from './data-plane.ts'
import { Listener } from './http/listener.ts'
import { abandon, settleUnbounded } from './settle.ts'

/**
 * Entry of a data-plane thread. States: starting (listens) > serving > draining (no new connections; what is under way
 * finishes) > drained (everything handed over and closed; the thread ends).
 */

/** Pairs wait at most this long in a buffer that is not full. */
const HAND_OVER_MS = 20
const COUNTERS_MS = 1_000
const DRAIN_CHECK_MS = 20
/** Sockets that are cut say so within a turn or two. */
const CUT_MS = 500
/** Idle clients get this long to send one more request and be told to close with its answer. */
const KEEP_ALIVE_GRACE_MS = 1_000

const control = parentPort as MessagePort
const data = workerData as DataPlaneData
const post = (message: DataPlaneToControl): void => control.postMessage(message)

const plane = new DataPlane(data, data.analysis, post)
const listener = new Listener(plane)

const handOverTimer = setInterval(() => {
  settleUnbounded(plane, plane.clock.nowUs())
  plane.handOver()
}, HAND_OVER_MS)
const countersTimer = setInterval(() => postCounters(), COUNTERS_MS)

control.on('message', (message: ControlToDataPlane) => {
  switch (message.kind) {
    case 'snapshot':
      plane.apply(message.snapshot, message.spending)
      listener.applyLimits(message.snapshot.limits)
      listener.applyTls(message.snapshot.listen)
      post({ kind: 'applied', revision: message.snapshot.revision })
      break
    case 'analysis':
      plane.outbox.reconnect(message.port)
      break
    case 'drain':
      void drain(message.deadlineMs)
      break
  }
})

const { host, port } = plane.runtime.snapshot.listen
listener.listen(host, port, data.reusePort).then(
  actualPort => {
    postCounters()
    post({ kind: 'listening', port: actualPort })
  },
  (error: Error) => post({ kind: 'failed', message: error.message }),
)

async function drain(deadlineMs: number): Promise<void> {
  plane.draining = true
  listener.stopAccepting()
  for (const tunnel of plane.tunnels) tunnel.goAway()
  const startedMs = performance.now()
  const busy = (): boolean => plane.inFlight > 0 || plane.openExchanges.count > 0 || plane.connections > 0
  while (busy() && performance.now() < startedMs + deadlineMs) {
    await new Promise(resolve => setTimeout(resolve, DRAIN_CHECK_MS))
    if (performance.now() > startedMs + KEEP_ALIVE_GRACE_MS) listener.closeIdle()
  }
  for (const exchange of plane.openExchanges.all()) abandon(exchange)
  for (const tunnel of plane.tunnels) tunnel.destroy()
  const requests = listener.shutDown()
  if (requests > 0)
    plane.log.write('warn', '-/drain', 'requests were ended by the shutdown', { requests, waitedMs: deadlineMs })
  // Their answers leave before their connections close.
  await new Promise(resolve => setImmediate(resolve))
  listener.closeAll()
  // Closing connections ends the live legs that were left: sockets are closed behind the immediates of a turn.
  const cutMs = performance.now() + CUT_MS
  do await new Promise(resolve => setImmediate(resolve))
  while (plane.inFlight > 0 && performance.now() < cutMs)
  clearInterval(handOverTimer)
  clearInterval(countersTimer)
  plane.handOverAll()
  postCounters()
  plane.close()
  post({ kind: 'drained' })
  control.close()
}

function postCounters(): void {
  post({ kind: 'counters', counters: plane.readCounters() })
}
