/** Small pieces of state by name, each written and read as a whole: plain JSON values. */
export interface Documents {
  /** What was set last; undefined when nothing was. Whoever reads it checks it: it may come from an older version. */
  get(name: string): unknown
  set(name: string, value: unknown): void
}

/** Documents for as long as the process lives. Kept as text, so that they behave like those on a disk. */
export class MemoryDocuments implements Documents {
  readonly #texts = new Map<string, string>()

  get(name: string): unknown {
    const text = this.#texts.get(name)
    return text === undefined ? undefined : (JSON.parse(text) as unknown)
  }

  set(name: string, value: unknown): void {
    this.#texts.set(name, JSON.stringify(value))
  }
}
