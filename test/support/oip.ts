/** The text of an Open Inference Protocol answer. */
export function oipAnswer(outputs: readonly Record<string, unknown>[], changes: Record<string, unknown> = {}): string {
  return JSON.stringify({ model_name: 'm', model_version: '1', id: 'a', outputs, ...changes })
}

export function floats(name: string, shape: readonly number[], data: readonly unknown[]): Record<string, unknown> {
  return { name, datatype: 'FP32', shape, data }
}

export function labels(name: string, data: readonly number[] | readonly string[]): Record<string, unknown> {
  return { name, datatype: typeof data[0] === 'string' ? 'BYTES' : 'INT64', shape: [data.length], data }
}
