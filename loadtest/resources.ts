interface Stoppable {
  stop(): Promise<void>
}

/** Whatever a benchmark started, stopped in reverse order when its scope ends: `await using resources = new Resources()`. */
export class Resources implements AsyncDisposable {
  readonly #started: Stoppable[] = []

  add<T extends Stoppable>(resource: T): T {
    this.#started.push(resource)
    return resource
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of this.#started.toReversed()) await resource.stop()
  }
}
