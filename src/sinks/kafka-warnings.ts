let silenced = false

/** kafkajs asks for timers of less than 0 ms, which Node reports once: harmless, and nothing a user could act on. */
export function silenceTimeoutWarning(): void {
  if (silenced) return
  silenced = true
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (rest[0] === 'TimeoutNegativeWarning' && /kafkajs.*requestQueue/.test(new Error().stack ?? '')) return
    emitWarning(warning, ...rest)
  }
}
