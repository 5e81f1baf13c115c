import type { AnswerHead } from './answer-head.ts'

/**
 * One request on its way to a model server, as its connection sees it. What is called comes in this order, and nothing
 * after `onAnswerEnd` or `onCallFailed`. Only `onRequestSent` may come before `send` has returned.
 */
export interface Call {
  /** A client waits for the answer. */
  readonly isAwaited: boolean
  /** HEAD: the answer has no body, whatever its head says. */
  readonly method: string
  /** The whole request has been handed to the socket. */
  onRequestSent(): void
  /** A 1xx before the answer. `nowMs`, here and below: performance.now() when the bytes were read. */
  onInterim(head: AnswerHead, nowMs: number): void
  onAnswerHead(head: AnswerHead, nowMs: number): void
  /** `bytes` is a view of a buffer that is read into again: whoever keeps them copies them. */
  onAnswerData(bytes: Buffer, nowMs: number): void
  /** All that has come of the answer was handed on, and it is not the end. */
  onReadEnd(): void
  /** The answer is whole. `trailers`: flat name, value list. */
  onAnswerEnd(trailers: readonly string[], nowMs: number): void
  /** There will be no whole answer. `unsent`: nothing of the request has left, there was no connection yet. */
  onCallFailed(error: Error, unsent: boolean): void
}

/** What the caller can do with a call under way. Each is without effect once the call is over. */
export interface CallControl {
  /** Stops reading the answer, until `resume`. */
  pause(call: Call): void
  resume(call: Call): void
  /** Gives the call up, and with it the connection. Nothing is reported any more. */
  abort(call: Call): void
}
