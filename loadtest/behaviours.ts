import type { Socket } from 'node:net'

/** How a stand-in for a model server treats its requests. */
export type Behaviour = 'healthy' | 'slow' | 'hanging' | 'refusing' | 'resetting' | 'endless' | 'huge' | 'untrusted-tls'

export const SLOW_MS = 500
export const HUGE_BYTES = 10 * 2 ** 20

/** An endless answer flows at 12.8 MB/s: unpaced it would measure who gets the cores, not what a proxy does with it. */
const ENDLESS_PIECE_BYTES = 65_536
const ENDLESS_PACE_MS = 5

/** The request and answer that all measurements use: an Open Inference Protocol call of 16 features, three classes. */
export const INFER_PATH = '/v2/models/churn/infer'
export const INFER_REQUEST = JSON.stringify({
  id: 'loadtest',
  inputs: [{ name: 'x', shape: [1, 16], datatype: 'FP32', data: Array.from({ length: 16 }, (_, i) => (i + 1) / 10) }],
})
const INFER_ANSWER = JSON.stringify({
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

/** Answers one request; `keepAlive` false: the client wants the connection closed afterwards. */
export type Answer = (socket: Socket, keepAlive: boolean) => void

/** What is done with a request of which the last byte has come. */
export function answerFor(behaviour: Behaviour): Answer {
  switch (behaviour) {
    case 'slow':
      return (socket, keepAlive) => {
        setTimeout(() => {
          if (!socket.destroyed) answerHealthy(socket, keepAlive)
        }, SLOW_MS)
      }
    case 'hanging':
      return () => {}
    case 'resetting':
      return socket => socket.resetAndDestroy()
    case 'endless':
      return answerEndless
    case 'huge':
      return answerHuge()
    case 'healthy':
    case 'untrusted-tls':
    case 'refusing':
      return answerHealthy
  }
}

function answerHealthy(socket: Socket, keepAlive: boolean): void {
  if (keepAlive) socket.write(HEALTHY)
  else socket.end(HEALTHY_LAST)
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
  const empty = '{"padding":""}'
  const body = Buffer.from(`{"padding":"${'x'.repeat(HUGE_BYTES - empty.length)}"}`)
  return socket => {
    socket.write(HUGE_HEAD)
    socket.write(body)
  }
}

function head(framing: string): string {
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${framing}\r\n\r\n`
}
