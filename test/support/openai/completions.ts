import type { OpenAI } from 'openai'
import type { Utterance } from './model.ts'

/** What all bodies of one answer have in common. */
export interface Label {
  readonly id: string
  readonly model: string
  readonly promptTokens: number
}

/** Always the same second, so that the same request has the same answer. */
export const CREATED = 1_700_000_000

export function chatCompletion(label: Label, said: Utterance): OpenAI.ChatCompletion {
  return {
    id: `chatcmpl-${label.id}`,
    object: 'chat.completion',
    created: CREATED,
    model: label.model,
    choices: [{ index: 0, message: messageOf(label, said), finish_reason: finishReasonOf(said), logprobs: null }],
    usage: usageOf(label, said),
  }
}

/** One chunk for the role, one a piece, one for the finish reason, one for the usage where it is asked for. */
export function chatChunks(label: Label, said: Utterance, withUsage: boolean): OpenAI.ChatCompletionChunk[] {
  type Delta = OpenAI.ChatCompletionChunk.Choice.Delta
  const chunk = (delta: Delta, finishReason: ReturnType<typeof finishReasonOf> | null): OpenAI.ChatCompletionChunk => ({
    ...chunkHead(label),
    choices: [{ index: 0, delta, finish_reason: finishReason, logprobs: null }],
  })
  const deltas: Delta[] =
    said.kind === 'text'
      ? [{ role: 'assistant', content: '' }, ...said.pieces.map(content => ({ content }))]
      : [
          { role: 'assistant', content: null, tool_calls: [{ index: 0, ...callOf(label, said.name, '') }] },
          ...said.pieces.map(piece => ({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
        ]
  return [
    ...deltas.map(delta => chunk(delta, null)),
    chunk({}, finishReasonOf(said)),
    ...(withUsage ? [{ ...chunkHead(label), choices: [], usage: usageOf(label, said) }] : []),
  ]
}

export function completion(label: Label, said: Utterance): OpenAI.Completion {
  return { ...completionPart(label, said.pieces.join(''), textFinish(said)), usage: usageOf(label, said) }
}

/** Streams of completions are made of completions. */
export function completionChunks(label: Label, said: Utterance): OpenAI.Completion[] {
  const last = said.pieces.length - 1
  // The official type knows no null, which servers send until the end.
  return said.pieces.map((piece, i) => completionPart(label, piece, (i === last ? textFinish(said) : null) as 'stop'))
}

function completionPart(label: Label, text: string, finishReason: 'stop' | 'length'): OpenAI.Completion {
  return {
    id: `cmpl-${label.id}`,
    object: 'text_completion',
    created: CREATED,
    model: label.model,
    choices: [{ index: 0, text, finish_reason: finishReason, logprobs: null }],
  }
}

function chunkHead(label: Label): Omit<OpenAI.ChatCompletionChunk, 'choices'> {
  return { id: `chatcmpl-${label.id}`, object: 'chat.completion.chunk', created: CREATED, model: label.model }
}

function messageOf(label: Label, said: Utterance): OpenAI.ChatCompletionMessage {
  const text = said.pieces.join('')
  return said.kind === 'text'
    ? { role: 'assistant', content: text, refusal: null }
    : { role: 'assistant', content: null, refusal: null, tool_calls: [callOf(label, said.name, text)] }
}

function callOf({ id }: Label, name: string, args: string): OpenAI.ChatCompletionMessageFunctionToolCall {
  return { id: `call_${id}`, type: 'function', function: { name, arguments: args } }
}

function finishReasonOf(said: Utterance): 'stop' | 'length' | 'tool_calls' {
  return said.kind === 'text' ? said.finishReason : 'tool_calls'
}

function textFinish(said: Utterance): 'stop' | 'length' {
  return said.kind === 'text' ? said.finishReason : 'stop'
}

function usageOf({ promptTokens }: Label, said: Utterance): OpenAI.CompletionUsage {
  const completionTokens = said.pieces.length
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}
