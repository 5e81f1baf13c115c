import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { KafkaSinkPlan } from '../../src/config/snapshot.ts'
import { KafkaSink } from '../../src/sinks/kafka-sink.ts'
import { openSinks } from '../../src/sinks/open-sinks.ts'
import type { SinkRecord } from '../../src/sinks/sink.ts'
import { createTopic, kafkaAvailability, readTopic, startKafka, type KafkaBroker } from '../support/kafka.ts'
import { collectingLog, numberedRecord, numberOf, range, unaccounted, until } from '../support/sink-records.ts'

const LIMITS = { records: 100_000, bytes: 64 * 1024 * 1024 }

const numbers = (messages: readonly { value: string }[]): number[] => messages.map(({ value }) => numberOf(value))

describe.skipIf(!kafkaAvailability().ok)('the Kafka sink, with a real broker', () => {
  let kafka: KafkaBroker
  let topics = 0
  const sinks: KafkaSink[] = []

  beforeAll(async () => {
    kafka = await startKafka({ own: true })
  })
  afterEach(async () => {
    await Promise.all(sinks.splice(0).map(sink => sink.close(0)))
  })
  afterAll(() => kafka.stop())

  function plan(overrides: Partial<KafkaSinkPlan> = {}): KafkaSinkPlan {
    topics += 1
    return {
      brokers: kafka.brokers,
      pairs: `pairs-${topics}`,
      windows: `windows-${topics}`,
      compression: 'none',
      acks: 'all',
      lingerMs: 20,
      tls: null,
      sasl: null,
      ...overrides,
    }
  }

  function open(sinkPlan: KafkaSinkPlan, log = collectingLog().log, limits = LIMITS): KafkaSink {
    const sink = new KafkaSink(sinkPlan, log, limits)
    sinks.push(sink)
    return sink
  }

  const read = (topic: string, expected: number) => readTopic(kafka.brokers, topic, { expected, timeoutMs: 15_000 })

  test.each(['none', 'gzip', 'zstd'] as const)(
    'delivers both streams to their topics with key and CloudEvents headers (%s)',
    async compression => {
      const sinkPlan = plan({ compression })
      const [sink] = openSinks({ file: null, kafka: sinkPlan }, collectingLog().log)
      const window: SinkRecord = {
        stream: 'windows',
        key: 'churn.v2.1234abcd',
        event: {
          id: 'r/b/0/17',
          type: 'understudy.window/1',
          source: '/experiments/churn',
          time: '2023-11-14T22:13:20.123Z',
        },
        value: '{"schema":"understudy.window/1"}',
      }
      expect(sink?.offer(numberedRecord(7))).toBe(true)
      expect(sink?.offer(window)).toBe(true)
      await sink?.close(10_000)

      expect(sink?.stats()).toMatchObject({ accepted: 2, delivered: 2, pending: 0 })
      const [pairs, windows] = [await read(sinkPlan.pairs, 1), await read(sinkPlan.windows, 1)]
      expect(pairs).toMatchObject([{ key: 'key-7', value: numberedRecord(7).value }])
      expect(windows).toMatchObject([
        {
          key: window.key,
          value: window.value,
          headers: {
            ce_specversion: '1.0',
            ce_id: 'r/b/0/17',
            ce_type: 'understudy.window/1',
            ce_source: '/experiments/churn',
            ce_time: '2023-11-14T22:13:20.123Z',
            'content-type': 'application/json',
          },
        },
      ])
    },
  )

  test('keeps the order of thousands of records, over TLS with a password', async () => {
    const { secure } = kafka
    if (secure === null) throw new Error('this test starts its own broker')
    const sinkPlan = plan({
      brokers: secure.brokers,
      tls: { ca: secure.ca, cert: null, key: null, servername: null, insecure: false },
      sasl: { mechanism: 'plain', username: secure.username, password: secure.password },
    })
    await createTopic(kafka.brokers, sinkPlan.pairs)
    const sink = open(sinkPlan)
    for (const n of range(0, 5_000)) sink.offer(numberedRecord(n))
    await sink.close(20_000)
    expect(sink.stats().delivered).toBe(5_000)
    expect(numbers(await read(sinkPlan.pairs, 5_000))).toEqual(range(0, 5_000))
  })

  test('a wrong password is said, without the password, and records wait', async () => {
    const { secure } = kafka
    if (secure === null) throw new Error('this test starts its own broker')
    const { log, lines } = collectingLog()
    const sink = open(
      plan({
        brokers: secure.brokers,
        tls: { ca: secure.ca, cert: null, key: null, servername: null, insecure: false },
        sasl: { mechanism: 'plain', username: secure.username, password: 'not-the-pass' },
      }),
      log,
    )
    sink.offer(numberedRecord(0))
    await until(
      'the failure is logged',
      () => lines.some(line => /cannot be reached.*uthentication failed/.test(line)),
      8_000,
    )
    expect(sink.stats()).toMatchObject({ up: false, pending: 1 })
    expect(lines.join('\n')).not.toContain('not-the-pass')
  })

  test.each(['leader', 'none'] as const)('delivers with acks: %s', async acks => {
    const sinkPlan = plan({ acks })
    const sink = open(sinkPlan)
    for (const n of range(0, 10)) sink.offer(numberedRecord(n))
    await sink.close(10_000)
    expect(sink.stats().delivered).toBe(10)
    expect(await read(sinkPlan.pairs, 10)).toHaveLength(10)
  })

  test('with the broker away at the start nothing blocks, and all arrives when it comes', async () => {
    const sinkPlan = plan()
    await createTopic(kafka.brokers, sinkPlan.pairs)
    kafka.kill9()
    const { log, lines } = collectingLog()
    const sink = open(sinkPlan, log)
    for (const n of range(0, 1_200)) expect(sink.offer(numberedRecord(n))).toBe(true)
    await until(
      'the sink says that the broker is away',
      () => lines.some(line => /cannot be reached/.test(line)),
      8_000,
    )
    expect(sink.stats()).toMatchObject({ up: false, delivered: 0, pending: 1_200 })
    expect(unaccounted(sink)).toBe(0)

    await kafka.restart()
    await until('all is delivered', () => sink.stats().delivered === 1_200, 15_000)
    expect(sink.stats().up).toBe(true)
    expect(numbers(await read(sinkPlan.pairs, 1_200))).toEqual(range(0, 1_200))
  })

  test('a broker killed in the middle loses nothing, doubles nothing and keeps the order', async () => {
    const sinkPlan = plan({ compression: 'zstd' })
    await createTopic(kafka.brokers, sinkPlan.pairs, { partitions: 3 })
    const sink = open(sinkPlan)
    let offered = 0
    const stream = setInterval(() => {
      for (let i = 0; i < 50; i++) sink.offer(numberedRecord(offered++, 200))
    }, 5)
    await until('the stream runs', () => sink.stats().delivered > 1_000, 10_000)
    kafka.kill9()
    await until('the sink notices', () => !sink.stats().up, 8_000)
    await kafka.restart()
    const resumedAt = sink.stats().delivered
    await until('the stream runs again', () => sink.stats().delivered > resumedAt + 1_000, 15_000)
    clearInterval(stream)
    await sink.close(10_000)

    expect(sink.stats()).toMatchObject({ accepted: offered, delivered: offered, pending: 0 })
    const messages = await read(sinkPlan.pairs, offered)
    expect(numbers(messages).sort((a, b) => a - b)).toEqual(range(0, offered))
    for (const partition of [0, 1, 2]) {
      const inLine = numbers(messages.filter(message => message.partition === partition))
      expect(inLine.length).toBeGreaterThan(0)
      expect(inLine).toEqual(inLine.toSorted((a, b) => a - b))
    }
  })

  test('a frozen broker never holds offer() up, the books stay balanced, and all arrives when it thaws', async () => {
    const sinkPlan = plan()
    await createTopic(kafka.brokers, sinkPlan.pairs)
    const sink = open(sinkPlan, undefined, { records: 2_000, bytes: LIMITS.bytes })
    sink.offer(numberedRecord(0))
    await until('the sink is up', () => sink.stats().delivered === 1, 10_000)

    kafka.pause()
    let slowestMs = 0
    let next = 1
    const taken = [0]
    const until4s = performance.now() + 4_000
    while (performance.now() < until4s) {
      for (let i = 0; i < 10; i++, next++) {
        const before = performance.now()
        if (sink.offer(numberedRecord(next))) taken.push(next)
        slowestMs = Math.max(slowestMs, performance.now() - before)
        expect(unaccounted(sink)).toBe(0)
      }
      await sleep(10)
    }
    expect(sink.stats()).toMatchObject({ delivered: 1, pending: 2_000, dropped: { queue_full: next - 2_001 } })
    expect(next).toBeGreaterThan(2_100)
    expect(slowestMs).toBeLessThan(250) // a collection by the VM may fall into it, a time-out may not

    kafka.resume()
    await until('all is delivered', () => sink.stats().pending === 0, 20_000)
    expect(unaccounted(sink)).toBe(0)
    expect(numbers(await read(sinkPlan.pairs, taken.length))).toEqual(taken)
  })

  test('a broker frozen for longer than the watchdog gets a new producer and loses nothing', async () => {
    const sinkPlan = plan()
    await createTopic(kafka.brokers, sinkPlan.pairs)
    const { log, lines } = collectingLog()
    const sink = open(sinkPlan, log)
    sink.offer(numberedRecord(0))
    await until('the sink is up', () => sink.stats().delivered === 1, 10_000)
    kafka.pause()
    for (const n of range(1, 100)) sink.offer(numberedRecord(n))
    await until('the watchdog bites', () => lines.some(line => /no answer for 10 s/.test(line)), 14_000)
    kafka.resume()
    await until('all is delivered', () => sink.stats().pending === 0, 20_000)
    // The frozen broker had the first producer's batch in its socket: at least once, the id tells.
    const seen = numbers(await read(sinkPlan.pairs, 100))
    expect([...new Set(seen)]).toEqual(range(0, 100))
  })

  test('a record too large for the broker is dropped with its reason and the rest goes on', async () => {
    const sinkPlan = plan()
    await createTopic(kafka.brokers, sinkPlan.pairs)
    const { log, lines } = collectingLog()
    const sink = open(sinkPlan, log)
    for (const n of [0, 1]) sink.offer(numberedRecord(n))
    sink.offer(numberedRecord(2, 2 * 1024 * 1024)) // over the broker's default of 1 MiB
    expect(sink.offer(numberedRecord(3, 9 * 1024 * 1024))).toBe(false) // over the sink's own limit
    for (const n of [4, 5]) sink.offer(numberedRecord(n))
    await sink.close(10_000)
    expect(sink.stats()).toMatchObject({ accepted: 6, delivered: 4, dropped: { too_large: 2 }, pending: 0 })
    expect(numbers(await read(sinkPlan.pairs, 4))).toEqual([0, 1, 4, 5])
    expect(lines.some(line => /refused a record.*id-2/.test(line))).toBe(true)
  })

  test('a topic that takes only small batches gets small batches, and loses only what it never takes', async () => {
    const sinkPlan = plan()
    await createTopic(kafka.brokers, sinkPlan.pairs, { entries: { 'max.message.bytes': '20000' } })
    const sink = open(sinkPlan)
    const culprit = 150
    for (const n of range(0, 300)) sink.offer(numberedRecord(n, n === culprit ? 30_000 : 1_000))
    await sink.close(15_000)
    expect(sink.stats()).toMatchObject({ delivered: 299, dropped: { too_large: 1 } })
    const expected = range(0, 300).filter(n => n !== culprit)
    expect([...new Set(numbers(await read(sinkPlan.pairs, 299)))]).toEqual(expected)
  })

  test('close gives up at its deadline and counts what it could not deliver', async () => {
    // Takes connections and never answers.
    const mute = createServer(socket => socket.on('error', () => undefined).resume())
    await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as { port: number }
    const sink = open(plan({ brokers: [`127.0.0.1:${port}`] }))
    for (const n of range(0, 20)) sink.offer(numberedRecord(n))
    const before = performance.now()
    await sink.close(300)
    expect(performance.now() - before).toBeLessThan(1_000)
    expect(sink.offer(numberedRecord(20))).toBe(false)
    expect(sink.stats()).toMatchObject({ accepted: 21, delivered: 0, dropped: { shutdown: 21 }, pending: 0 })
    await new Promise(resolve => mute.close(resolve))
  })
})
