import { ChunkList } from '../chunk-list.ts'
import type { BodyCapture } from '../upstream/capture.ts'
import type { RelayMemory } from '../relay-memory.ts'
import type { TurnEnd, TurnEnds } from '../turn-ends.ts'
import { BodyStream } from '../upstream/h1/body-stream.ts'
import type { BodyListener, Downstream } from './downstream.ts'
import { NO_CLIENT } from './no-client.ts'

/** An unfinished body up to this size is held here while too many others hold connections to the model server. */
const HELD_BYTES = 64 * 1024

/** Who wants the request body. */
export interface UploadOwner {
  /** Asked once, when the body takes longer than a turn: whether it may hold a connection while it arrives. */
  mayStream(): boolean
  /** What keeps a copy of the body; asked once, when the body turns out to be long. null: the request was refused. */
  tee(): BodyCapture | null
  /** The whole body was gathered; nothing was forwarded yet. */
  onBodyWhole(body: ChunkList): void
  /** The body is still arriving: forward this stream now. `onBodyCopied` follows unless the upload fails. */
  onBodyArriving(stream: BodyStream): void
  /** The whole body has passed; null when the tee could not keep it. */
  onBodyCopied(copy: ChunkList | null): void
  onBodyTooLarge(): void
}

/**
 * A request body on its way in. States:
 *   gathering  until the end of this turn of the event loop: small bodies arrive whole, and one buffer is one write.
 *              Longer, up to `gatherBytes`, where the body must be looked at first, and up to HELD_BYTES while slow
 *              clients hold all the connections they may: a model server has few, and a slow body would take one
 *   streaming  it takes longer: chunks go on as they come, with back-pressure, and a bounded tee keeps a copy
 *   whole      everything has arrived
 *   discarding nobody wants the rest (refused, or the arm has answered); it is read and thrown away
 */
export class Upload implements BodyListener, TurnEnd {
  #client: Downstream
  readonly #owner: UploadOwner
  readonly #memory: RelayMemory
  readonly #limitBytes: number
  #gatherBytes: number
  #tee: BodyCapture | null = null
  /** Until it is known that the body takes more than one read. */
  #turnEnds: TurnEnds | null = null
  #state: 'gathering' | 'streaming' | 'whole' | 'discarding' = 'gathering'
  readonly #gathered = new ChunkList()
  #bytes = 0
  #stream: BodyStream | null = null
  /** Memory of large pieces that somebody may still read. */
  #lent: Buffer[] = []

  constructor(client: Downstream, owner: UploadOwner, memory: RelayMemory, limitBytes: number, gatherBytes: number) {
    this.#client = client
    this.#owner = owner
    this.#memory = memory
    this.#limitBytes = limitBytes
    this.#gatherBytes = gatherBytes
  }

  get whole(): boolean {
    return this.#state === 'whole'
  }

  /** It went on as a stream, so there is nothing to send a second time. */
  get streamed(): boolean {
    return this.#stream !== null
  }

  get bytes(): number {
    return this.#bytes
  }

  start(turnEnds: TurnEnds): void {
    this.#turnEnds = turnEnds
    this.#client.readBody(this)
  }

  /** More may come in this very turn. */
  onReadEnd(): void {
    this.#turnEnds?.add(this)
    this.#turnEnds = null
  }

  onBodyChunk(view: Buffer): void {
    if (this.#state === 'discarding') return
    this.#bytes += view.length
    if (this.#bytes > this.#limitBytes) {
      this.discard()
      this.#owner.onBodyTooLarge()
      return
    }
    const slab = this.#memory.copy(view)
    const chunk = slab ?? Buffer.from(view)
    if (this.#stream !== null) {
      this.#passOn(this.#stream, chunk, slab)
      return
    }
    if (slab !== null) this.#lent.push(slab)
    this.#gathered.add(chunk)
    if (this.#gatherBytes > 0 && this.#bytes > this.#gatherBytes) this.#goOnAsStream()
  }

  #passOn(stream: BodyStream, chunk: Buffer, slab: Buffer | null): void {
    const tee = this.#tee as BodyCapture
    tee.add(chunk)
    if (slab !== null) this.#lent.push(slab)
    const lent = this.#lent
    // What the tee does not keep is needed until it is written.
    const isDone = tee.state !== 'complete' && lent.length > 0
    if (isDone) this.#lent = []
    const room = isDone ? stream.push(chunk, () => this.#giveBack(lent)) : stream.push(chunk)
    if (!room) this.#client.pauseBody()
  }

  onBodyEnd(): void {
    if (this.#state === 'discarding') return
    const stream = this.#stream
    this.#state = 'whole'
    if (stream === null) {
      this.#owner.onBodyWhole(this.#gathered)
      return
    }
    stream.end()
    const tee = this.#tee as BodyCapture
    this.#owner.onBodyCopied(tee.state === 'complete' ? tee.list() : null)
  }

  /** The turn is over and the body is not whole: go on as a stream. */
  onTurnEnd(): void {
    if (this.#state !== 'gathering' || this.#gatherBytes > 0) return
    if (this.#owner.mayStream()) this.#goOnAsStream()
    else this.#gatherBytes = HELD_BYTES
  }

  #goOnAsStream(): void {
    this.#state = 'streaming'
    const tee = this.#owner.tee()
    if (tee === null) return
    this.#tee = tee
    const stream = new BodyStream(() => this.#client.resumeBody())
    this.#stream = stream
    for (const chunk of this.#gathered.pieces()) {
      tee.add(chunk)
      stream.push(chunk)
    }
    this.#gathered.clear()
    this.#owner.onBodyArriving(stream)
  }

  /** Nobody reads what has come any more, not even a connection to a model server. */
  giveBack(): void {
    this.#stream?.giveUp()
    if (this.#lent.length === 0) return
    this.#giveBack(this.#lent)
    this.#lent = []
  }

  #giveBack(slabs: readonly Buffer[]): void {
    for (const slab of slabs) this.#memory.giveBack(slab)
  }

  /** The client has its answer, and the body has come or is thrown away. */
  letGoOfClient(): void {
    this.#client = NO_CLIENT
  }

  /** Nobody wants the rest. */
  discard(): void {
    if (this.#state === 'whole' || this.#state === 'discarding') return
    this.#state = 'discarding'
    this.#gathered.clear()
    this.#client.resumeBody()
  }
}
