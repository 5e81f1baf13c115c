import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startUnderstudy } from '../../control/start.ts'
import { AdminClient } from './admin-client.ts'
import { loadDigits, splitDigits, type Digit } from './digits.ts'
import { DemoFailure } from './failure.ts'
import { startModelServer, type ModelServer } from './model-server.ts'
import type { DemoOptions } from './options.ts'
import { INFER_PATH, writeRoutingFile } from './routing-file.ts'
import { inferBody, Traffic } from './traffic.ts'

/** Where the user can look. */
export interface Places {
  readonly proxyUrl: string
  readonly adminUrl: string
  readonly directory: string
  readonly routingFile: string
  readonly recordsFile: string
  readonly sampleCurl: string
}

/** Two model servers, the proxy between them and the traffic (not yet started), all in this process. */
export interface Stage {
  readonly primary: ModelServer
  readonly candidate: ModelServer
  readonly admin: AdminClient
  readonly traffic: Traffic
  readonly places: Places
  /** Rejects with a DemoFailure when something dies that the demo cannot go on without; never resolves. */
  readonly failed: Promise<never>
  /** Drains the proxy, so that every record is in its file, then ends the models. */
  close(): Promise<void>
}

/** Starts everything. When a part fails to start, those already started are ended again. */
export async function setStage(options: DemoOptions): Promise<Stage> {
  const failure = Promise.withResolvers<never>()
  // Whoever waits for it hears it; nobody waiting is no crash.
  failure.promise.catch(() => {})
  const fail = (message: string): void => failure.reject(new DemoFailure(message))
  const [primary, candidate] = await startModels(options, fail)
  const stopModels = async (): Promise<void> => {
    await Promise.all([primary.stop(), candidate.stop()])
  }
  try {
    const directory = mkdtempSync(join(tmpdir(), 'understudy-demo-'))
    const routing = writeRoutingFile({
      directory,
      primaryUrl: primary.url,
      candidateUrl: candidate.url,
      kafka: options.kafka,
    })
    const proxy = await startUnderstudy({ configFile: routing.path, logLevel: 'silent', onFatal: fail })
    const { heldOut } = splitDigits(loadDigits())
    const url = `${proxy.listenUrl}${INFER_PATH}`
    return {
      primary,
      candidate,
      admin: new AdminClient(proxy.adminUrl),
      traffic: new Traffic({ url, requestsPerSecond: options.requestsPerSecond, images: heldOut }),
      places: {
        proxyUrl: proxy.listenUrl,
        adminUrl: proxy.adminUrl,
        directory,
        routingFile: routing.path,
        recordsFile: routing.recordsPath,
        sampleCurl: `curl -s -d @${writeSample(directory, heldOut[0] as Digit)} ${url}`,
      },
      failed: failure.promise,
      close: async () => {
        await proxy.drain()
        await stopModels()
      },
    }
  } catch (error) {
    await stopModels()
    throw error
  }
}

async function startModels({ scenario }: DemoOptions, onDeath: (message: string) => void) {
  const started = await Promise.allSettled([
    startModelServer('primary', { version: '1', onDeath }),
    startModelServer(scenario, { version: '2', onDeath }),
  ])
  const [primary, candidate] = started
  if (primary.status === 'fulfilled' && candidate.status === 'fulfilled')
    return [primary.value, candidate.value] as const
  for (const result of started) if (result.status === 'fulfilled') await result.value.stop()
  const [reason] = started.flatMap(result => (result.status === 'rejected' ? [result.reason as Error] : []))
  throw new DemoFailure(reason?.message, { cause: reason })
}

/** A request to try by hand. @returns its file. */
function writeSample(directory: string, image: Digit): string {
  const path = join(directory, 'sample-request.json')
  writeFileSync(path, `${inferBody(image)}\n`)
  return path
}
