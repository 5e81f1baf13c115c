import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { chatChunks, chatCompletion, completion, completionChunks, CREATED, type Label } from './completions.ts'
import { embed, speak, tokensOf, type ModelVersion } from './model.ts'
import { response, responseEvents } from './responses.ts'

/** A small OpenAI-compatible server. It serves `words-vN`, which speaks, and `letters-vN`, which embeds, and knows no other. */
export interface OpenAiServer {
  readonly url: string
  stop(): Promise<void>
}

/** What this server reads of a request. */
interface Asked {
  readonly model: string
  readonly stream?: boolean
  readonly stream_options?: { readonly include_usage?: boolean }
  readonly tools?: readonly unknown[]
  readonly max_tokens?: number
  readonly messages?: readonly { readonly content: string }[]
  readonly prompt?: string
  readonly input?: string | readonly string[]
  readonly encoding_format?: 'float' | 'base64'
}

/** An answer: JSON, or events of which each has a type (`event:`) or which end with `[DONE]`. */
type Answer =
  | { readonly kind: 'json'; readonly body: object }
  | { readonly kind: 'chunks' | 'events'; readonly events: readonly object[] }

/** Starts on a loopback port. The same request always has the same answer. */
export async function startOpenAiServer(version: ModelVersion): Promise<OpenAiServer> {
  const server = createServer((request, reply) => {
    handle(version, request, reply).catch((error: unknown) => reply.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function handle(version: ModelVersion, request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const names = [`words-v${version}`, `letters-v${version}`]
  const body = await buffer(request)
  if (request.method === 'GET' && request.url === '/v1/models') return sendJson(reply, 200, modelList(names))
  const asked = JSON.parse(body.toString()) as Asked
  if (!names.includes(asked.model)) return sendJson(reply, 404, unknownModel(asked.model))
  const answer = answerTo(
    version,
    request.url ?? '',
    asked,
    createHash('sha256').update(body).digest('hex').slice(0, 12),
  )
  if (answer === null) sendJson(reply, 404, { error: { message: 'no such call', type: 'invalid_request_error' } })
  else if (answer.kind === 'json') sendJson(reply, 200, answer.body)
  else await sendEvents(reply, answer)
}

/** null: no such call. */
function answerTo(version: ModelVersion, path: string, asked: Asked, id: string): Answer | null {
  const prompt = asked.messages?.at(-1)?.content ?? asked.prompt ?? [asked.input ?? ''].flat().join('\n')
  const label: Label = { id, model: asked.model, promptTokens: tokensOf(prompt) }
  const said = speak(version, prompt, { mayCall: asked.tools !== undefined, maxTokens: asked.max_tokens ?? null })
  const isStream = asked.stream === true
  switch (path) {
    case '/v1/chat/completions':
      return isStream
        ? { kind: 'chunks', events: chatChunks(label, said, asked.stream_options?.include_usage === true) }
        : { kind: 'json', body: chatCompletion(label, said) }
    case '/v1/completions':
      return isStream
        ? { kind: 'chunks', events: completionChunks(label, said) }
        : { kind: 'json', body: completion(label, said) }
    case '/v1/responses':
      return isStream
        ? { kind: 'events', events: responseEvents(label, said) }
        : { kind: 'json', body: response(label, said) }
    case '/v1/embeddings':
      return { kind: 'json', body: embeddings(version, label, asked) }
    default:
      return null
  }
}

function embeddings(version: ModelVersion, { model, promptTokens }: Label, { input, encoding_format }: Asked): object {
  const data = [input ?? ''].flat().map((text, index) => {
    const vector = embed(version, text)
    const embedding = encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
    return { object: 'embedding', index, embedding }
  })
  return { object: 'list', model, data, usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } }
}

function modelList(names: readonly string[]): object {
  return { object: 'list', data: names.map(id => ({ id, object: 'model', created: CREATED, owned_by: 'tests' })) }
}

function unknownModel(model: string): object {
  const message = `The model \`${model}\` does not exist`
  return { error: { message, type: 'invalid_request_error', param: 'model', code: 'model_not_found' } }
}

function sendJson(reply: ServerResponse, status: number, body: object): void {
  reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Each event in a write of its own, as models make them. */
async function sendEvents(reply: ServerResponse, { kind, events }: Exclude<Answer, { kind: 'json' }>): Promise<void> {
  reply.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  for (const event of events) {
    const type = kind === 'events' ? `event: ${(event as { readonly type: string }).type}\n` : ''
    reply.write(`${type}data: ${JSON.stringify(event)}\n\n`)
    await nextTurn()
  }
  reply.end(kind === 'chunks' ? 'data: [DONE]\n\n' : '')
}
