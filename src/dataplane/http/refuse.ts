import { ERRORS, type ErrorCode, type ProxyError } from '../../errors.ts'
import type { Exchange } from '../exchange.ts'
import { problemAnswer } from './problem.ts'

/** Answers instead of an upstream, counts it, and says it in the log at most once per second and cause. */
export function refuse(exchange: Exchange, error: ProxyError): void {
  const { plane } = exchange
  const leg = ERRORS[error.code].source === 'client' ? 'client' : exchange.arm
  plane.counters.error(exchange.routeName, leg, error.code)
  plane.log.write('warn', `${exchange.routeName}/${error.code}`, 'request refused', {
    code: error.code,
    route: exchange.routeName,
    detail: error.message,
    requestId: exchange.requestId,
  })
  answerProblem(exchange, error.code, error.message)
}

/** Writes the problem answer; the caller counts. */
export function answerProblem(exchange: Exchange, code: ErrorCode, detail: string): void {
  const { client } = exchange
  if (client.headWritten) return
  const answer = problemAnswer(code, detail, exchange.requestId === '' ? null : exchange.requestId)
  client.writeHead(answer.status, answer.title, answer.headers, answer.body.length)
  client.write(answer.body)
  client.end([])
}
