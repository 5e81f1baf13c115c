/** Waits for the promise, for at most `deadlineMs`; whether it settled in time is for the caller to look at. */
export async function within(promise: Promise<unknown>, deadlineMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, Math.max(0, deadlineMs))
  await Promise.race([promise.then(noop, noop), late])
  clearTimeout(timer)
}

function noop(): void {}
