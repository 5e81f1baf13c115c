import pino from 'pino'
import type { LogLevel } from '../config/snapshot.ts'

export type LogFields = Readonly<Record<string, string | number | boolean | null>>

/** JSON lines on stdout. Written by the control thread only, so it may be synchronous: no line is lost at an exit. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  setLevel(level: LogLevel): void
}

/** Lines below the level are not written, until `setLevel` says another one. */
export function openLog(level: LogLevel): Log {
  const logger = pino(
    { base: null, level, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: label => ({ level: label }) } },
    pino.destination({ dest: 1, sync: true }),
  )
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    setLevel: next => {
      logger.level = next
    },
  }
}
