import type { Socket } from 'node:net'
import { FrameScan, goingAwayFrame } from './websocket-frames.ts'

/**
 * Tells both ends of a WebSocket connection that the process is about to end. What it says are frames of its own, so each
 * direction has to be between two frames of its peer; a frame that is under way passes first.
 */
export class Goodbye {
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #fromClient = new FrameScan()
  readonly #fromUpstream = new FrameScan()
  #said = false

  /** The sockets are piped into each other already, so that a chunk has passed when it is looked at here. */
  constructor(client: Socket, upstream: Socket) {
    this.#client = client
    this.#upstream = upstream
    this.#follow(client, this.#fromClient)
    this.#follow(upstream, this.#fromUpstream)
  }

  /** Closes each direction, now or when its frame is whole. */
  say(): void {
    this.#said = true
    endBetweenFrames(this.#upstream, this.#client, this.#fromUpstream, false)
    endBetweenFrames(this.#client, this.#upstream, this.#fromClient, true)
  }

  #follow(source: Socket, scan: FrameScan): void {
    source.on('data', (chunk: Buffer) => {
      scan.push(chunk)
      if (this.#said) this.say()
    })
  }
}

function endBetweenFrames(source: Socket, target: Socket, scan: FrameScan, masked: boolean): void {
  if (!scan.betweenFrames || target.writableEnded) return
  source.unpipe(target)
  if (scan.closeSeen) target.end()
  else target.end(goingAwayFrame(masked))
  // What it still says goes nowhere, but its own end must be heard.
  source.resume()
}
