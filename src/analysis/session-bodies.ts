import type { PairFrame, SessionEnds } from '../wire/pair-frame.ts'
import { MAX_DECODED_BYTES, type DecodedBody } from './payloads/decode-body.ts'
import { parseJsonText } from './payloads/json.ts'
import { undecoded } from './payloads/payload.ts'
import { decodeMessages, type WebSocketMessage, type WebSocketMessages } from './payloads/websocket-messages.ts'

const NO_MESSAGES: WebSocketMessages = { kind: 'messages', messages: [], isCut: false }

/** What was said in one direction of a session, as the JSON text of a list. */
export function messageList(frames: Buffer, extensions: string): DecodedBody {
  const decoded = decodeMessages(frames, extensions)
  return decoded.kind === 'messages' ? listOf(decoded.messages) : decoded
}

/** The messages of both servers, as far as they can be compared: each a JSON list, from the first message on. */
export function sessionAnswers(
  { primary, shadow }: PairFrame,
  ends: SessionEnds,
): { readonly primary: DecodedBody; readonly shadow: DecodedBody } {
  const [ours, theirs] = [primary, shadow].map(leg => decodeMessages(leg.body, leg.contentEncoding))
  if (ours?.kind !== 'messages' || theirs?.kind !== 'messages') {
    const lists = [ours, theirs].map(side => (side?.kind === 'failed' ? side : listOf((side ?? NO_MESSAGES).messages)))
    return { primary: lists[0] as DecodedBody, shadow: lists[1] as DecodedBody }
  }
  // A leg that failed says so by itself; its record shows all that there is.
  const common = primary.error !== null || shadow.error !== null ? Infinity : comparable(ours, theirs, ends)
  if (common === 0 && (isKnown(ours) || isKnown(theirs))) {
    const nothing = undecoded('truncated', 'the comparison ended before there was a message of both')
    return { primary: nothing, shadow: nothing }
  }
  return { primary: listOf(ours.messages.slice(0, common)), shadow: listOf(theirs.messages.slice(0, common)) }
}

/**
 * How many messages are compared. What one side has beyond the other is a difference only where the other one had nothing
 * more to say; where it was cut, nobody knows what it would have said.
 */
function comparable(ours: WebSocketMessages, theirs: WebSocketMessages, ends: SessionEnds): number {
  const [shorter, end] = ours.messages.length < theirs.messages.length ? [ours, ends.primary] : [theirs, ends.shadow]
  return end === 'whole' && !shorter.isCut ? Infinity : shorter.messages.length
}

/** Something was said, be it the beginning of a message. */
function isKnown({ messages, isCut }: WebSocketMessages): boolean {
  return messages.length > 0 || isCut
}

function listOf(messages: readonly WebSocketMessage[]): DecodedBody {
  const texts: string[] = []
  let chars = 0
  for (const message of messages) {
    const text = jsonOf(message)
    chars += text.length
    if (chars > MAX_DECODED_BYTES) return undecoded('too_large', 'the messages are too long together')
    texts.push(text)
  }
  return { kind: 'body', body: Buffer.from(`[${texts.join(',')}]`) }
}

/** JSON stays what it is, digit by digit. */
function jsonOf({ kind, data }: WebSocketMessage): string {
  if (kind === 'binary') return `{"base64":"${data.toString('base64')}"}`
  const text = data.toString('utf8')
  return parseJsonText(text).kind === 'json' ? text : JSON.stringify(text)
}
