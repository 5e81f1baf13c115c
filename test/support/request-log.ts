import { checkFraming } from '../../src/dataplane/http/framing.ts'
import type { ReceivedHead } from '../../src/dataplane/http/h1/received-head.ts'
import { HeadTooLarge, RequestParser } from '../../src/dataplane/http/h1/request-parser.ts'
import { readTarget } from '../../src/dataplane/http/target.ts'
import { MalformedMessage } from '../../src/dataplane/h1/fields.ts'
import type { HeadMemory } from '../../src/dataplane/h1/head-memory.ts'
import { ProxyError } from '../../src/errors.ts'

export interface LoggedRequest {
  readonly head: ReceivedHead
  body: string
  whole: boolean
  /** Its target, which is no business of HTTP: the connection goes on behind it. */
  readonly targetRefused: boolean
}

/** What was found in the bytes of a connection, read as the connection reads them. */
export interface RequestLog {
  readonly requests: readonly LoggedRequest[]
  /** Why nothing was read any more: a message of the parser or of the framing checks; null: nothing was wrong. */
  readonly refused: string | null
  /** The last one said that it is the last, or is a CONNECT. */
  readonly isOver: boolean
}

const LIMIT_BYTES = 64 * 1024

/**
 * Requests that come in these pieces (latin1); whatever is thrown that is no refusal is a failure of the test.
 * `firstHeads`: what connections share; left out: nothing.
 */
export function readRequests(
  pieces: readonly string[],
  limitBytes = LIMIT_BYTES,
  firstHeads?: HeadMemory<ReceivedHead>,
): RequestLog {
  const requests: LoggedRequest[] = []
  let refused: string | null = null
  let isOver = false
  const end = (): void => {
    const request = requests.at(-1) as LoggedRequest
    request.whole = true
    isOver = !request.head.keepAlive
  }
  const parser = new RequestParser(
    {
      onHead: head => {
        const client = { ...head, address: '', secure: false }
        const framing = checkFraming(client)
        if (framing !== null) {
          refused = framing.message
          return
        }
        const targetRefused = readTarget(head.target, head.headers.host) instanceof ProxyError
        requests.push({ head, body: '', whole: false, targetRefused })
        if (head.method === 'CONNECT') isOver = true
        else if (!parser.inBody) end()
      },
      onData: bytes => {
        const request = requests.at(-1) as LoggedRequest
        request.body += bytes.toString('latin1')
      },
      onEnd: end,
    },
    limitBytes,
    firstHeads,
  )
  const goesOn = (): boolean => refused === null && !isOver
  try {
    for (const piece of pieces) {
      const bytes = Buffer.from(piece, 'latin1')
      for (let at = 0; at < bytes.length && goesOn(); parser.next()) at = parser.push(bytes, at)
    }
  } catch (error) {
    if (!(error instanceof MalformedMessage || error instanceof HeadTooLarge)) throw error
    refused = error.message
  }
  return { requests, refused, isOver }
}
