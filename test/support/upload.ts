import type { ChunkList } from '../../src/dataplane/chunk-list.ts'
import type { BodyListener } from '../../src/dataplane/http/downstream.ts'
import { RelayMemory } from '../../src/dataplane/relay-memory.ts'
import { Upload, type UploadOwner } from '../../src/dataplane/http/upload.ts'
import { TurnEnds } from '../../src/dataplane/turn-ends.ts'
import { CopyMemory } from '../../src/dataplane/shadow/copy-memory.ts'
import { BodyCapture } from '../../src/dataplane/upstream/capture.ts'
import type { BodySink, BodyStream } from '../../src/dataplane/upstream/h1/body-stream.ts'
import { FakeDownstream } from './fake-downstream.ts'

export const LIMIT_BYTES = 200_000
const TEE_BYTES = 100_000

/** What the upload told its owner, in order; bodies as text. */
export class UploadRecorder implements UploadOwner {
  readonly heard: string[] = []
  stream: BodyStream | null = null
  /** Connections are left for bodies that take longer. */
  mayHoldConnection = true
  readonly #teeBytes: number

  constructor(teeBytes: number) {
    this.#teeBytes = teeBytes
  }

  mayStream(): boolean {
    return this.mayHoldConnection
  }

  tee(): BodyCapture {
    this.heard.push('asked')
    return new BodyCapture(this.#teeBytes, new CopyMemory())
  }

  onBodyWhole(body: ChunkList): void {
    this.heard.push(`whole ${body.whole().toString()}`)
  }

  onBodyArriving(stream: BodyStream): void {
    this.heard.push('arriving')
    this.stream = stream
  }

  onBodyCopied(copy: ChunkList | null): void {
    this.heard.push(copy === null ? 'not copied' : `copied ${copy.whole().toString()}`)
  }

  onBodyTooLarge(): void {
    this.heard.push('too large')
  }
}

/** Starts an upload of which the test is the client. */
export function beginUpload({ limitBytes = LIMIT_BYTES, teeBytes = TEE_BYTES, gatherBytes = 0 } = {}) {
  const client = new FakeDownstream()
  const owner = new UploadRecorder(teeBytes)
  const upload = new Upload(client, owner, new RelayMemory(), limitBytes, gatherBytes)
  upload.start(new TurnEnds())
  const body = client.listener as BodyListener
  body.onReadEnd()
  const send = (text: string): void => body.onBodyChunk(Buffer.from(text))
  return { client, owner, upload, send, end: () => body.onBodyEnd() }
}

/** The current turn of the event loop is over. */
export const turnEnd = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** A connection in memory that takes everything. */
export class Collector implements BodySink {
  readonly whole: Promise<string>
  ended = false
  readonly #chunks: Buffer[] = []
  readonly #end: (text: string) => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.whole = promise
    this.#end = resolve
  }

  writeBody(chunk: Buffer): boolean {
    this.#chunks.push(chunk)
    return true
  }

  endBody(): void {
    this.ended = true
    this.#end(Buffer.concat(this.#chunks).toString())
  }
}

export function readAll(stream: BodyStream | null): Promise<string> {
  const collector = new Collector()
  stream?.pipeTo(collector)
  return collector.whole
}
