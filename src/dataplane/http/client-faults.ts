import type { ErrorCode } from '../../errors.ts'
import type { DataPlane } from '../data-plane.ts'

/** What a client does wrong outside of any exchange: counted, and said in the log at most once per second and cause. */
export function countFault({ counters, log }: DataPlane, code: ErrorCode, detail: string): void {
  counters.error('-', 'client', code)
  log.write('warn', `-/${code}`, 'request refused', { code, route: '-', detail })
}

/** The client does not read the end of its answer. Its exchange is settled, so this is counted beside it. */
export function countUnread({ counters, log }: DataPlane, detail: string): void {
  counters.error('-', 'client', 'CLIENT_GONE')
  log.write('debug', '-/CLIENT_GONE', 'answer not read', { code: 'CLIENT_GONE', route: '-', detail })
}

export function malformed(why: string): string {
  return `the request is not valid HTTP: ${why}`
}
