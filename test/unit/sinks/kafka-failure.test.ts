import kafkajs from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { assertAllAcknowledged } from '../../../src/sinks/kafka.ts'
import { classifyFailure } from '../../../src/sinks/kafka-failure.ts'

function protocolError(type: string, retriable = false): Error {
  return new kafkajs.KafkaJSProtocolError(
    Object.assign(new Error(`the broker says ${type}`), { type, code: 1, retriable }) as never,
  )
}

const named = (name: string): Error => Object.assign(new Error('wrong'), { name })

const gaveUp = (cause: Error): Error =>
  new kafkajs.KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 2, retryTime: 100 })

describe('what a failure of kafkajs means', () => {
  test.each([
    ['a record over the limit', protocolError('MESSAGE_TOO_LARGE'), 'refused'],
    ['a batch over the segment size', protocolError('RECORD_LIST_TOO_LARGE'), 'refused'],
    ['a record the broker finds invalid', protocolError('INVALID_RECORD'), 'refused'],
    ['numbers that the broker did not expect', protocolError('OUT_OF_ORDER_SEQUENCE_NUMBER'), 'producer'],
    ['a bug inside kafkajs', new TypeError('Cannot read properties of undefined'), 'producer'],
    ['no such topic', protocolError('UNKNOWN_TOPIC_OR_PARTITION'), 'topic'],
    ['no permission', protocolError('TOPIC_AUTHORIZATION_FAILED'), 'denied'],
    ['a wrong password', named('KafkaJSSASLAuthenticationError'), 'denied'],
    ['a closed port', new kafkajs.KafkaJSConnectionError('ECONNREFUSED'), 'away'],
    ['a closed port, after retries', gaveUp(new kafkajs.KafkaJSConnectionError('ECONNREFUSED')), 'away'],
    ['an election', gaveUp(protocolError('NOT_LEADER_FOR_PARTITION', true)), 'unsure'],
    ['a time-out', new kafkajs.KafkaJSRequestTimeoutError('timed out'), 'unsure'],
    ['a plain error', new Error('Broker not connected'), 'unsure'],
    ['no error at all', 'text', 'unsure'],
  ])('%s', (_name, error, kind) => {
    expect(classifyFailure(error).kind).toBe(kind)
  })

  test('the words of the error are kept for the log', () => {
    expect(classifyFailure(new Error('Broker not connected')).message).toBe('Broker not connected')
  })

  test('an acknowledgement that leaves out a partition is a failure', () => {
    const acknowledged = [{ topicName: 'pairs', partition: 0, errorCode: 0 }]
    assertAllAcknowledged(new Set(['pairs/0']), acknowledged)
    let caught: unknown
    try {
      assertAllAcknowledged(new Set(['pairs/0', 'pairs/2']), acknowledged)
    } catch (error) {
      caught = error
    }
    expect(classifyFailure(caught)).toEqual({
      kind: 'producer',
      message: 'the broker acknowledged nothing for pairs/2',
    })
  })
})
