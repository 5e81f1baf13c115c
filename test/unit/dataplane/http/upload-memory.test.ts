import { describe, expect, test } from 'vitest'
import type { ChunkList } from '../../../../src/dataplane/chunk-list.ts'
import { Upload, type UploadOwner } from '../../../../src/dataplane/http/upload.ts'
import { TurnEnds } from '../../../../src/dataplane/turn-ends.ts'
import { RelayMemory } from '../../../../src/dataplane/relay-memory.ts'
import type { BodySink } from '../../../../src/dataplane/upstream/h1/body-stream.ts'
import { FakeDownstream } from '../../../support/fake-downstream.ts'
import { turnEnd, UploadRecorder } from '../../../support/upload.ts'

const LIMIT_BYTES = 1_000_000
/** Worth memory that is lent. */
const LARGE_BYTES = 60_000

class Bodies extends UploadRecorder implements UploadOwner {
  readonly whole: Buffer[] = []

  override onBodyWhole(body: ChunkList): void {
    this.whole.push(body.whole())
  }
}

function begin(memory: RelayMemory, teeBytes = LIMIT_BYTES) {
  const client = new FakeDownstream()
  const owner = new Bodies(teeBytes)
  const upload = new Upload(client, owner, memory, LIMIT_BYTES, 0)
  upload.start(new TurnEnds())
  client.listener?.onReadEnd()
  const send = (chunk: Buffer): void => client.listener?.onBodyChunk(chunk)
  return { owner, upload, send, end: () => client.listener?.onBodyEnd() }
}

/** A connection that has written nothing until the test says so. */
class SlowConnection implements BodySink {
  readonly chunks: Buffer[] = []
  readonly #written: (() => void)[] = []

  writeBody(chunk: Buffer, written: (() => void) | undefined): boolean {
    this.chunks.push(chunk)
    if (written !== undefined) this.#written.push(written)
    return true
  }

  endBody(): void {}

  /** Everything is with the kernel. */
  flush(): void {
    for (const written of this.#written.splice(0)) written()
  }
}

/** Whether memory that is lent next is that of one of these. */
function usesAgain(memory: RelayMemory, chunks: readonly Buffer[]): boolean {
  const next = memory.copy(Buffer.alloc(LARGE_BYTES)) as Buffer
  return chunks.some(chunk => chunk.byteOffset === next.byteOffset)
}

test.each([3, LARGE_BYTES])('a body of %i bytes does not change when its buffer is read into again', bytes => {
  const { owner, send, end } = begin(new RelayMemory())
  const read = Buffer.alloc(bytes, 'a')
  send(read)
  read.fill('b')
  end()
  expect(owner.whole[0]?.equals(Buffer.alloc(bytes, 'a'))).toBe(true)
})

test('the memory of a whole body is used again once it is given back, for one body at a time', () => {
  const memory = new RelayMemory()
  const bodies = [1, 2].map(() => {
    const { owner, upload, send, end } = begin(memory)
    send(Buffer.alloc(LARGE_BYTES))
    end()
    return { upload, body: owner.whole[0] as Buffer }
  })
  expect(
    usesAgain(
      memory,
      bodies.map(({ body }) => body),
    ),
  ).toBe(false)
  for (const { upload } of bodies) {
    upload.giveBack()
    upload.giveBack()
  }
  const next = [1, 2, 3].map(() => memory.copy(Buffer.alloc(LARGE_BYTES))?.byteOffset)
  expect(new Set(next).size).toBe(3)
  expect(bodies.every(({ body }) => next.includes(body.byteOffset))).toBe(true)
})

describe('the memory of a body that is streamed', () => {
  test('is kept for the copies after it is written, and given back when they are done', async () => {
    const memory = new RelayMemory()
    const { owner, upload, send } = begin(memory)
    send(Buffer.alloc(LARGE_BYTES))
    await turnEnd()
    const connection = new SlowConnection()
    owner.stream?.pipeTo(connection)
    send(Buffer.alloc(LARGE_BYTES))
    connection.flush()
    expect(connection.chunks).toHaveLength(2)
    expect(usesAgain(memory, connection.chunks)).toBe(false)
    upload.giveBack()
    expect(usesAgain(memory, connection.chunks)).toBe(true)
  })

  test('is given back when it is written where no copy is kept, and not before', async () => {
    const memory = new RelayMemory()
    // The second piece is too much for the tee, which lets go of the first.
    const { owner, send } = begin(memory, LARGE_BYTES)
    send(Buffer.alloc(LARGE_BYTES))
    await turnEnd()
    const connection = new SlowConnection()
    owner.stream?.pipeTo(connection)
    send(Buffer.alloc(LARGE_BYTES))
    expect(usesAgain(memory, connection.chunks)).toBe(false)
    connection.flush()
    expect(usesAgain(memory, connection.chunks)).toBe(true)
    expect(usesAgain(memory, connection.chunks)).toBe(true)
  })
})
