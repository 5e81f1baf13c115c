import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readDemoOptions } from '../../../../src/cli/demo/options.ts'
import { EXPERIMENT, INFER_PATH, writeRoutingFile } from '../../../../src/cli/demo/routing-file.ts'
import { UsageError } from '../../../../src/cli/options.ts'
import { loadSnapshot } from '../../../../src/config/load.ts'

describe('the options of the demo', () => {
  test('have defaults', () => {
    expect(readDemoOptions([])).toEqual({
      scenario: 'better',
      durationMs: 60_000,
      kafka: [],
      requestsPerSecond: 300,
      json: false,
    })
  })

  test('are read', () => {
    const args = ['--scenario', 'same', '--for', '0', '--kafka', 'a:9092, [::1]:9093', '--rate', '2.5', '--json']
    expect(readDemoOptions(args)).toEqual({
      scenario: 'same',
      durationMs: 0,
      kafka: ['a:9092', '[::1]:9093'],
      requestsPerSecond: 2.5,
      json: true,
    })
  })

  test.each([
    [['--scenario', 'worse'], '--scenario worse is none of better, broken, same'],
    [['--for', '1.5s'], '--for 1.5s is not a duration'],
    [['--for', '5'], '--for 5 is not a duration'],
    [['--for', '9999h'], '--for 9999h is longer than 24 days'],
    [['--rate', '0'], '--rate 0 is not a number of requests per second'],
    [['--rate', 'fast'], '--rate fast is not a number of requests per second'],
    [['--rate', '9999'], 'from 1 to 5000'],
    [['--kafka', 'a:9092,b'], '--kafka: "b" is not a broker'],
    [['--loud'], "Unknown option '--loud'"],
  ])('%j is wrong use', (args, message) => {
    const read = (): unknown => readDemoOptions(args)
    expect(read).toThrow(UsageError)
    expect(read).toThrow(message)
  })
})

function snapshotWith(kafka: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-${test}-'))
  try {
    const urls = { primaryUrl: 'http://127.0.0.1:1', candidateUrl: 'http://127.0.0.1:2' }
    const { path, recordsPath } = writeRoutingFile({ directory, ...urls, kafka })
    return { recordsPath, snapshot: loadSnapshot(path, { revision: 1, env: {}, cores: 2 }) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('the routing file of the demo', () => {
  test('is valid, shadows everything and keeps bodies of disagreements', () => {
    const { recordsPath, snapshot } = snapshotWith([])
    expect(snapshot.listen).toMatchObject({ host: '127.0.0.1', port: 0 })
    expect(snapshot.admin).toMatchObject({ host: '127.0.0.1', port: 0 })
    expect(snapshot.routes[0]?.match.path).toBe(INFER_PATH)
    expect(snapshot.routes[0]?.shadows[0]?.percent).toBe(100)
    expect(snapshot.experiments[0]?.id.startsWith(`${EXPERIMENT}.`)).toBe(true)
    expect(snapshot.record?.bodies).toBe('on-disagreement')
    expect(snapshot.sinks.file?.path).toBe(recordsPath)
    expect(snapshot.sinks.kafka).toBeNull()
  })

  test('names the Kafka brokers beside the file', () => {
    const { snapshot } = snapshotWith(['127.0.0.1:9092', '127.0.0.1:9093'])
    expect(snapshot.sinks.kafka?.brokers).toEqual(['127.0.0.1:9092', '127.0.0.1:9093'])
    expect(snapshot.sinks.file).not.toBeNull()
  })
})
