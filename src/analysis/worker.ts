import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads'
import { startClock } from '../clock.ts'
import type {
  AnalysisData,
  AnalysisToControl,
  AnalysisToDataPlane,
  ControlToAnalysis,
  DataPlaneToAnalysis,
} from '../wire/messages.ts'
import { Analysis } from './analysis.ts'
import { giveWay } from './give-way.ts'
import { LogLimiter } from './log-limiter.ts'

/**
 * The analysis thread. States: running > draining > drained. A buffer of frames is one message, so that the loop turns
 * between buffers and sinks and reports are never starved.
 */
if (parentPort === null) throw new Error('this file is the entry of a worker thread')
void giveWay()
const control = parentPort
const data = workerData as AnalysisData
const REPORT_EVERY_MS = 1000

const log = new LogLimiter((level, message, fields) => tell({ kind: 'log', level, message, fields }))
const { snapshot, firstSeconds } = data
const analysis = new Analysis({ snapshot, firstSeconds, clock: startClock(data.clock), log: log.write })
const ports = new Map<string, MessagePort>()

control.on('message', (message: ControlToAnalysis) => {
  switch (message.kind) {
    case 'snapshot':
      analysis.apply(message.snapshot)
      tell({ kind: 'applied', revision: message.snapshot.revision })
      break
    case 'attach':
      attach(message.origin, message.port)
      break
    case 'detach':
      void detach(message.origin, message.crashed)
      break
    case 'drain':
      void drain(message.deadlineMs)
  }
})

const reports = setInterval(report, REPORT_EVERY_MS)

function attach(origin: string, port: MessagePort): void {
  analysis.attach(origin)
  ports.set(origin, port)
  port.on('message', (message: DataPlaneToAnalysis) => take(origin, port, message))
}

function take(origin: string, port: MessagePort, message: DataPlaneToAnalysis): void {
  if (message.kind === 'tally') {
    analysis.tally(origin, message)
    return
  }
  analysis.frames(origin, message.buffer, message.used, message.count)
  const answer: AnalysisToDataPlane = { kind: 'return', id: message.id }
  port.postMessage(answer)
}

/** The thread has ended, but what it sent before may still wait in its port, and counts. */
async function detach(origin: string, crashed: boolean): Promise<void> {
  const port = ports.get(origin)
  if (port === undefined) return
  ports.delete(origin)
  await takeWaiting(origin, port, Number.POSITIVE_INFINITY)
  port.close()
  analysis.detach(origin, crashed ? 'thread_crash' : 'shutdown')
}

/** Takes what waits in the port until nothing does, a message a turn. */
async function takeWaiting(origin: string, port: MessagePort, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    const waiting: { message: DataPlaneToAnalysis } | undefined = receiveMessageOnPort(port)
    if (waiting === undefined) return
    take(origin, port, waiting.message)
    await nextTurn()
  }
}

/** The data-plane threads have sent all they had: take it, report it, deliver it. Half of the time is the sinks'. */
async function drain(deadlineMs: number): Promise<void> {
  const endMs = performance.now() + deadlineMs
  for (const [origin, port] of ports) await takeWaiting(origin, port, endMs - deadlineMs / 2)
  for (const port of ports.values()) port.close()
  analysis.finish()
  clearInterval(reports)
  report()
  await analysis.closeSinks(Math.max(0, endMs - performance.now()))
  report()
  tell({ kind: 'drained' })
  control.close()
}

function report(): void {
  log.turn()
  tell({ kind: 'report', report: analysis.report() })
}

function tell(message: AnalysisToControl): void {
  control.postMessage(message)
}
