import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { answerModelCall, failure, type ModelAnswer, type ServedModel } from './model-endpoints.ts'
import type { ModelWorkerData, ModelWorkerMessage } from './model-server.ts'
import { trainModel } from './scenarios.ts'

/** A whole batch of MAX_ROWS rows in JSON needs about half of this. */
const MAX_BODY_BYTES = 512 * 1024

const { kind, version, port } = workerData as ModelWorkerData

const trainingStartedMs = performance.now()
const model: ServedModel = { version, classifier: trainModel(kind) }
const trainingMs = performance.now() - trainingStartedMs

const server = createServer((request, response) => serve(request, response))
server.listen(port, '127.0.0.1', () => {
  const message: ModelWorkerMessage = {
    kind: 'listening',
    port: (server.address() as AddressInfo).port,
    platform: model.classifier.platform,
    trainingMs,
  }
  parentPort?.postMessage(message)
})

function serve(request: IncomingMessage, response: ServerResponse): void {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    refuse(request, response, failure(415, `content-encoding ${encoding} is not supported, send the body as it is`))
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
  })
  request.on('end', () => {
    if (bytes > MAX_BODY_BYTES) {
      refuse(request, response, failure(413, `the body has ${bytes} bytes, at most ${MAX_BODY_BYTES} are taken`))
      return
    }
    const path = (request.url ?? '/').split('?', 1)[0] as string
    send(
      request,
      response,
      answerModelCall(model, request.method ?? 'GET', path, Buffer.concat(chunks).toString('utf8')),
    )
  })
}

/** The rest of the body is not read: the connection cannot be used again. */
function refuse(request: IncomingMessage, response: ServerResponse, answer: ModelAnswer): void {
  response.setHeader('connection', 'close')
  send(request, response, answer)
}

function send(request: IncomingMessage, response: ServerResponse, { status, body }: ModelAnswer): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(request.method === 'HEAD' ? undefined : text)
}
