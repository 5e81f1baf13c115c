/** A state directory that cannot be used: what and why, for the user. */
export class StateError extends Error {
  /** What to do about it. */
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}
