import { setTimeout as sleep } from 'node:timers/promises'
import type { Sink, SinkLog, SinkRecord } from '../../src/sinks/sink.ts'

/** A pair record whose value is `{"n":number,"filler":...}`, about `bytes` long. */
export function numberedRecord(number: number, bytes = 0): SinkRecord {
  return {
    stream: 'pairs',
    key: `key-${number}`,
    event: {
      id: `id-${number}`,
      type: 'understudy.pair/1',
      source: '/experiments/test',
      time: '2023-11-14T22:13:20.000Z',
    },
    value: JSON.stringify({ n: number, filler: 'x'.repeat(bytes) }),
  }
}

/** The number in a value made by `numberedRecord`. */
export function numberOf(value: string): number {
  return (JSON.parse(value) as { n: number }).n
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

/** `accepted` less everything that became of it: always 0. */
export function unaccounted(sink: Sink): number {
  const { accepted, delivered, dropped, pending } = sink.stats()
  return accepted - delivered - Object.values(dropped).reduce((sum, count) => sum + count, 0) - pending
}

/** A log to look at: `lines` holds the messages. */
export function collectingLog(): { log: SinkLog; lines: string[] } {
  const lines: string[] = []
  return { lines, log: (level, message, fields) => lines.push(`${level} ${message} ${JSON.stringify(fields)}`) }
}

/** Polls until the condition holds. @throws after `timeoutMs`, saying what did not come about. */
export async function until(what: string, condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(10)
  }
}
