import { Worker } from 'node:worker_threads'
import type { ModelKind } from './scenarios.ts'

/** What a model server's thread is started with. */
export interface ModelWorkerData {
  readonly kind: ModelKind
  readonly version: string
  readonly port: number
}

export interface ModelWorkerMessage {
  readonly kind: 'listening'
  readonly port: number
  readonly platform: string
  readonly trainingMs: number
}

export interface ModelServerOptions {
  /** Version the server reports; default "1". */
  readonly version?: string
  /** On 127.0.0.1; default 0, any free one. */
  readonly port?: number
  /** Called when the thread ends although nobody stopped it. */
  readonly onDeath?: (message: string) => void
}

export interface ModelServer {
  /** `http://127.0.0.1:PORT`, serves the model "digits". */
  readonly url: string
  readonly platform: string
  readonly trainingMs: number
  /** Ends the thread; calls under way are cut off. */
  stop(): Promise<void>
}

/** Sources run as they are in development and compiled in a release; the thread's file has the same ending as this one. */
const ENDING = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** Training takes well under a second; a thread that needs this long will not come. */
const START_MS = 30_000

/**
 * Trains a digits model and serves it over the Open Inference Protocol in a thread of its own, so that its computing
 * shares no event loop with the proxy or with the traffic.
 * Rejects when training fails, when the port is taken, or after START_MS.
 */
export async function startModelServer(kind: ModelKind, options: ModelServerOptions = {}): Promise<ModelServer> {
  const { version = '1', port = 0, onDeath = () => {} } = options
  const workerData: ModelWorkerData = { kind, version, port }
  const worker = new Worker(new URL(`model-worker.${ENDING}`, import.meta.url), { workerData })
  const started = await listening(worker, kind)
  let stopping = false
  let reason = 'its thread ended'
  worker.on('error', (error: Error) => {
    reason = error.message
  })
  worker.on('exit', () => {
    if (!stopping) onDeath(`the model server "${kind}" died: ${reason}`)
  })
  return {
    url: `http://127.0.0.1:${started.port}`,
    platform: started.platform,
    trainingMs: started.trainingMs,
    stop: async () => {
      stopping = true
      await worker.terminate()
    },
  }
}

async function listening(worker: Worker, kind: ModelKind): Promise<ModelWorkerMessage> {
  const ready = Promise.withResolvers<ModelWorkerMessage>()
  const fail = (why: string): void => ready.reject(new Error(`the model server "${kind}" did not start: ${why}`))
  const failed = (error: Error): void => fail(error.message)
  const ended = (code: number): void => fail(`its thread ended with code ${code}`)
  const timer = setTimeout(() => fail(`no sign of it after ${START_MS} ms`), START_MS)
  worker.once('message', ready.resolve).once('error', failed).once('exit', ended)
  try {
    return await ready.promise
  } catch (error) {
    await worker.terminate()
    throw error
  } finally {
    clearTimeout(timer)
    worker.off('error', failed).off('exit', ended)
  }
}
