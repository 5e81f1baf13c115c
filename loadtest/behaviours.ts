import type { Socket } from 'node:net'
import { ThinkTime } from './think-time.ts'

/** How a stand-in for a model server treats its requests. */
export type Behaviour =
  | 'healthy'
  | 'slow'
  | 'hanging'
  | 'refusing'
  | 'resetting'
  | 'endless'
  | 'huge'
  | 'large'
  | 'sse'
  | 'untrusted-tls'

export const SLOW_MS = 500
/** How long a model of the primary thinks where a benchmark is about what clients feel: little, for one that predicts. */
export const MODEL_MS = 5
export const HUGE_BYTES = 10 * 2 ** 20
/** What `large` answers to a request without a body. */
export const LARGE_BYTES = 256 * 2 ** 10
/** An answer of `sse`: the first event at once, the others one by one. */
export const SSE_EVENTS = 50
export const SSE_PACE_MS = 5

/** An endless answer flows at 12.8 MB/s: unpaced it would measure who gets the cores, not what a proxy does with it. */
const ENDLESS_PIECE_BYTES = 65_536
const ENDLESS_PACE_MS = 5

/** The request and answer that all measurements use: an Open Inference Protocol call of 16 features, three classes. */
export const INFER_PATH = '/v2/models/churn/infer'
export const INFER_REQUEST = JSON.stringify({
  id: 'loadtest',
  inputs: [{ name: 'x', shape: [1, 16], datatype: 'FP32', data: Array.from({ length: 16 }, (_, i) => (i + 1) / 10) }],
})
export const INFER_ANSWER = JSON.stringify({
  model_name: 'churn',
  model_version: '7',
  id: 'loadtest',
  outputs: [
    { name: 'probabilities', shape: [1, 3], datatype: 'FP32', data: [0.113, 0.224, 0.663] },
    { name: 'label', shape: [1, 1], datatype: 'BYTES', data: ['gold'] },
  ],
})

const HEALTHY = Buffer.from(`${head(`content-length: ${INFER_ANSWER.length}`)}${INFER_ANSWER}`)
const HEALTHY_LAST = Buffer.from(
  `${head(`content-length: ${INFER_ANSWER.length}\r\nconnection: close`)}${INFER_ANSWER}`,
)
const HUGE_HEAD = head(`content-length: ${HUGE_BYTES}`)
const ENDLESS_HEAD = head('transfer-encoding: chunked')
const SSE_HEAD = head('transfer-encoding: chunked', 'text/event-stream')
const SSE_HEAD_LAST = head('transfer-encoding: chunked\r\nconnection: close', 'text/event-stream')
const SSE_EVENT = chunk(`data: {"text_output":"${'word '.repeat(8)}"}\n\n`)
const LAST_CHUNK = '0\r\n\r\n'

/**
 * Answers one request; `keepAlive` false: the client wants the connection closed afterwards. `bodyBytes` of the request
 * tell a prediction from a question about the model, which has no body.
 */
export type Answer = (socket: Socket, keepAlive: boolean, bodyBytes: number) => void

/** What is done with a request of which the last byte has come; `modelMs`: how long a healthy model thinks about it. */
export function answerFor(behaviour: Behaviour, modelMs: number): Answer {
  switch (behaviour) {
    case 'slow':
      return answerAfter(SLOW_MS)
    case 'hanging':
      return () => {}
    case 'resetting':
      return socket => socket.resetAndDestroy()
    case 'endless':
      return answerEndless
    case 'huge':
      return answerHuge()
    case 'large':
      return answerLarge(modelMs)
    case 'sse':
      return answerSse
    case 'healthy':
    case 'untrusted-tls':
    case 'refusing':
      return modelMs === 0 ? answerHealthy : answerAfter(modelMs)
  }
}

function answerHealthy(socket: Socket, keepAlive: boolean): void {
  if (keepAlive) socket.write(HEALTHY)
  else socket.end(HEALTHY_LAST)
}

function answerAfter(delayMs: number): Answer {
  return answerBehind(over => setTimeout(over, delayMs))
}

function answerFinelyAfter(delayMs: number): Answer {
  const think = new ThinkTime(delayMs)
  return answerBehind(over => think.about(over))
}

/** `wait` calls what it is given when the time for an answer has come. */
function answerBehind(wait: (over: () => void) => void): Answer {
  return (socket, keepAlive) =>
    wait(() => {
      if (!socket.destroyed) answerHealthy(socket, keepAlive)
    })
}

function answerEndless(socket: Socket): void {
  const size = ENDLESS_PIECE_BYTES.toString(16)
  const piece = Buffer.from(`${size}\r\n${' '.repeat(ENDLESS_PIECE_BYTES)}\r\n`)
  socket.write(ENDLESS_HEAD)
  const pace = setInterval(() => {
    if (socket.destroyed) clearInterval(pace)
    else if (!socket.writableNeedDrain) socket.write(piece)
  }, ENDLESS_PACE_MS)
}

function answerHuge(): Answer {
  const body = padding(HUGE_BYTES)
  return socket => {
    socket.write(HUGE_HEAD)
    socket.write(body)
  }
}

/**
 * Healthy, but what it has to say about the model is long: the answer for a client that reads slowly. Beside such clients the
 * others are few, and their model's time is kept finely.
 */
function answerLarge(modelMs: number): Answer {
  const predict = modelMs === 0 ? answerHealthy : answerFinelyAfter(modelMs)
  const answer = Buffer.concat([Buffer.from(head(`content-length: ${LARGE_BYTES}`)), padding(LARGE_BYTES)])
  return (socket, keepAlive, bodyBytes) => {
    if (bodyBytes > 0) predict(socket, keepAlive, bodyBytes)
    else socket.write(answer)
  }
}

function answerSse(socket: Socket, keepAlive: boolean): void {
  socket.write(keepAlive ? SSE_HEAD : SSE_HEAD_LAST)
  let sent = 0
  const next = (): void => {
    if (socket.destroyed) return clearInterval(pace)
    socket.write(SSE_EVENT)
    if (++sent < SSE_EVENTS) return
    clearInterval(pace)
    if (keepAlive) socket.write(LAST_CHUNK)
    else socket.end(LAST_CHUNK)
  }
  const pace = setInterval(next, SSE_PACE_MS)
  next()
}

/** JSON of exactly so many bytes. */
function padding(bytes: number): Buffer {
  const empty = '{"padding":""}'
  return Buffer.from(`{"padding":"${'x'.repeat(bytes - empty.length)}"}`)
}

function head(framing: string, contentType = 'application/json'): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\n${framing}\r\n\r\n`
}

function chunk(text: string): Buffer {
  return Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`)
}
