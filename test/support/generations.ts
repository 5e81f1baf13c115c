import type { Embeddings, Generation, Generations } from '../../src/analysis/payloads/payload.ts'

export function generation(text: string, changes: Partial<Generation> = {}): Generation {
  return { index: 0, text, toolCalls: [], finishReason: 'stop', refusal: null, ...changes }
}

/** An answer with these choices, or with one that says this. */
export function generations(...choices: readonly (string | Generation)[]): Generations {
  return {
    kind: 'generations',
    model: 'm',
    choices: choices.map((choice, index) => (typeof choice === 'string' ? generation(choice, { index }) : choice)),
    usage: null,
    isStreamed: false,
  }
}

export function embeddings(...vectors: Embeddings['vectors']): Embeddings {
  return { kind: 'embeddings', model: 'm', vectors }
}
