const INTERRUPTED = 130

/** Ctrl-C (or SIGTERM), made gentle: the first one resolves `stopped`, the second ends the process at once. */
export interface Interrupt {
  readonly stopped: Promise<void>
  /** Gives the signals back their usual meaning. */
  release(): void
}

export function catchInterrupt(): Interrupt {
  const { promise, resolve } = Promise.withResolvers<void>()
  let signals = 0
  const hear = (): void => {
    signals++
    if (signals > 1) process.exit(INTERRUPTED)
    resolve()
  }
  process.on('SIGINT', hear).on('SIGTERM', hear)
  return { stopped: promise, release: () => void process.off('SIGINT', hear).off('SIGTERM', hear) }
}
