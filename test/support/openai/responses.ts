import type { OpenAI } from 'openai'
import { CREATED, type Label } from './completions.ts'
import type { Utterance } from './model.ts'

type Response = Omit<OpenAI.Responses.Response, 'output_text'>
type Event = OpenAI.Responses.ResponseStreamEvent
/** Without the number that `numbered` gives it. `output_text` is what the client adds to responses. */
type BareEvent<E = Event> = E extends Event
  ? Omit<E, 'sequence_number' | 'response'> & (E extends { response: unknown } ? { response: Response } : unknown)
  : never

/** A whole response of the Responses API. */
export function response(label: Label, said: Utterance): Response {
  return { ...unfinished(label), status: 'completed', output: [itemOf(label, said)], usage: usageOf(label, said) }
}

/** The typed events of the same response; the last one has all of it. */
export function responseEvents(label: Label, said: Utterance): object[] {
  const place = { item_id: itemId(label), output_index: 0 }
  const item = itemOf(label, said)
  const text = said.pieces.join('')
  const inPart = { ...place, content_index: 0 }
  const inside: BareEvent[] =
    said.kind === 'text'
      ? [
          { type: 'response.content_part.added', ...inPart, part: textPart('') },
          ...said.pieces.map(
            (delta): BareEvent => ({ type: 'response.output_text.delta', ...inPart, delta, logprobs: [] }),
          ),
          { type: 'response.output_text.done', ...inPart, text, logprobs: [] },
          { type: 'response.content_part.done', ...inPart, part: textPart(text) },
        ]
      : [
          ...said.pieces.map(
            (delta): BareEvent => ({ type: 'response.function_call_arguments.delta', ...place, delta }),
          ),
          { type: 'response.function_call_arguments.done', ...place, arguments: text },
        ]
  const events: BareEvent[] = [
    { type: 'response.created', response: unfinished(label) },
    { type: 'response.in_progress', response: unfinished(label) },
    { type: 'response.output_item.added', output_index: 0, item: itemOf(label, { ...said, pieces: [] }) },
    ...inside,
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: response(label, said) },
  ]
  return events.map((event, i) => ({ ...event, sequence_number: i }))
}

function unfinished({ id, model }: Label): Response {
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: CREATED,
    status: 'in_progress',
    access_programs: null,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output: [],
    parallel_tool_calls: true,
    temperature: 0,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
  }
}

function itemOf(label: Label, said: Utterance): OpenAI.Responses.ResponseOutputItem {
  const text = said.pieces.join('')
  const id = itemId(label)
  return said.kind === 'text'
    ? { id, type: 'message', role: 'assistant', status: 'completed', content: [textPart(text)] }
    : { id, type: 'function_call', call_id: `call_${label.id}`, name: said.name, arguments: text, status: 'completed' }
}

function itemId({ id }: Label): string {
  return `item_${id}`
}

function textPart(text: string): OpenAI.Responses.ResponseOutputText {
  return { type: 'output_text', text, annotations: [] }
}

function usageOf({ promptTokens }: Label, said: Utterance): OpenAI.Responses.ResponseUsage {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: said.pieces.length,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + said.pieces.length,
  }
}
