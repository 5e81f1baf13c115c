import type { OpenAI } from 'openai'

/** The calls of OpenAI's own client, in every form that the tests use. Each gives what the client makes of the answer. */
export interface Call {
  readonly name: string
  /** Of the server's two models. */
  readonly model: 'words' | 'letters'
  readonly ask: (client: OpenAI, model: string, prompt: string, id: string) => Promise<unknown>
}

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const WEATHER = { type: 'function', name: 'get_weather', parameters: PARAMETERS, strict: false } as const
const CHAT_WEATHER = { type: 'function', function: { name: 'get_weather', parameters: PARAMETERS } } as const
/** So few tokens that the versions say the same. */
const FEW_TOKENS = 1

const named = (id: string): { headers: Record<string, string> } => ({ headers: { 'x-request-id': id } })
const said = (content: string): [{ role: 'user'; content: string }] => [{ role: 'user', content }]

export const CALLS: readonly Call[] = [
  {
    name: 'chat',
    model: 'words',
    ask: (client, model, prompt, id) =>
      client.chat.completions.create({ model, messages: said(prompt), tools: [CHAT_WEATHER] }, named(id)),
  },
  {
    name: 'chat-stream',
    model: 'words',
    ask: async (client, model, prompt, id) => {
      const streamed = { stream: true, stream_options: { include_usage: true } } as const
      const body = { model, messages: said(prompt), tools: [CHAT_WEATHER], ...streamed }
      return await gathered(await client.chat.completions.create(body, named(id)))
    },
  },
  {
    name: 'completion',
    model: 'words',
    ask: (client, model, prompt, id) => client.completions.create({ model, prompt }, named(id)),
  },
  {
    name: 'completion-stream',
    model: 'words',
    ask: async (client, model, prompt, id) =>
      await gathered(await client.completions.create({ model, prompt, stream: true }, named(id))),
  },
  {
    name: 'completion-cut',
    model: 'words',
    ask: (client, model, prompt, id) => client.completions.create({ model, prompt, max_tokens: FEW_TOKENS }, named(id)),
  },
  {
    name: 'response',
    model: 'words',
    ask: (client, model, input, id) => client.responses.create({ model, input, tools: [WEATHER] }, named(id)),
  },
  {
    name: 'response-stream',
    model: 'words',
    ask: async (client, model, input, id) =>
      await gathered(await client.responses.create({ model, input, tools: [WEATHER], stream: true }, named(id))),
  },
  {
    name: 'embeddings', // base64 on the wire: what the client asks for by itself
    model: 'letters',
    ask: (client, model, text, id) => client.embeddings.create({ model, input: [text, 'another'] }, named(id)),
  },
  ...(['float', 'base64'] as const).map(
    (format): Call => ({
      name: `embeddings-${format}`,
      model: 'letters',
      ask: (client, model, text, id) =>
        client.embeddings.create({ model, input: [text, 'another'], encoding_format: format }, named(id)),
    }),
  ),
]

/** All that comes, in order. */
export async function gathered<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}
