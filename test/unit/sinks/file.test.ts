import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FileSink } from '../../../src/sinks/file.ts'
import { collectingLog, numberedRecord, numberOf, range, unaccounted, until } from '../../support/sink-records.ts'

const LIMITS = { records: 10_000, bytes: 64 * 1024 * 1024 }
const ROOMY_BYTES = 64 * 1024 * 1024

describe('the file sink', () => {
  let dir: string
  let path: string
  const sinks: FileSink[] = []

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'understudy-file-sink-'))
    path = join(dir, 'deep', 'er', 'pairs.ndjson')
  })
  afterEach(async () => {
    await Promise.all(sinks.splice(0).map(sink => sink.close(0)))
    await rm(dir, { recursive: true, force: true })
  })

  function open(
    plan: { rotateBytes?: number; keep?: number } = {},
    limits = LIMITS,
    log = collectingLog().log,
  ): FileSink {
    const sink = new FileSink({ path, rotateBytes: ROOMY_BYTES, keep: 3, ...plan }, log, limits)
    sinks.push(sink)
    return sink
  }

  const lines = async (file = path): Promise<string[]> => (await readFile(file, 'utf8')).split('\n').slice(0, -1)
  const numbersIn = async (file = path): Promise<number[]> => (await lines(file)).map(numberOf)

  test('writes both streams as lines of one file, in order, and makes its folder', async () => {
    const sink = open()
    for (const n of range(0, 2_500)) sink.offer({ ...numberedRecord(n), stream: n % 2 === 0 ? 'pairs' : 'windows' })
    await sink.close(5_000)
    expect(await numbersIn()).toEqual(range(0, 2_500))
    expect(sink.stats()).toEqual({
      up: true,
      accepted: 2_500,
      delivered: 2_500,
      dropped: { queue_full: 0, shutdown: 0 },
      pending: 0,
    })
    expect((await stat(path)).mode & 0o007).toBe(0)
  })

  test('writes without being closed, shortly after the first record', async () => {
    const sink = open()
    sink.offer(numberedRecord(1))
    await until('the record is written', () => sink.stats().delivered === 1, 2_000)
    expect(await numbersIn()).toEqual([1])
  })

  test('opens no file while it has nothing to write', async () => {
    await open().close(100)
    expect(await readdir(dir)).toEqual([])
  })

  test('rotates before the file outgrows its limit and keeps so many old ones', async () => {
    const sink = open({ rotateBytes: 1_000, keep: 2 })
    for (const n of range(0, 100)) sink.offer(numberedRecord(n, 80))
    await sink.close(5_000)
    const folder = join(dir, 'deep', 'er')
    expect((await readdir(folder)).sort()).toEqual(['pairs.ndjson', 'pairs.ndjson.1', 'pairs.ndjson.2'])
    const kept = [`${path}.2`, `${path}.1`, path]
    for (const file of kept) expect((await stat(file)).size).toBeLessThanOrEqual(1_000)
    const numbers = (await Promise.all(kept.map(numbersIn))).flat()
    expect(numbers).toEqual(range(100 - numbers.length, 100))
    expect(sink.stats().delivered).toBe(100)
  })

  test('a line over the limit gets a file of its own, and none is cut', async () => {
    const sink = open({ rotateBytes: 1_000, keep: 5 })
    for (const [n, bytes] of [10, 5_000, 10].entries()) sink.offer(numberedRecord(n, bytes))
    await sink.close(5_000)
    expect(await Promise.all([`${path}.2`, `${path}.1`, path].map(numbersIn))).toEqual([[0], [1], [2]])
  })

  test('goes on in a file of an earlier run, and ends the line that a crash tore', async () => {
    path = join(dir, 'pairs.ndjson')
    await writeFile(path, `${numberedRecord(0).value}\n{"n":1,"fil`)
    const sink = open()
    sink.offer(numberedRecord(2))
    await sink.close(5_000)
    const [first, torn, last] = await lines()
    expect([first, torn, last]).toEqual([numberedRecord(0).value, '{"n":1,"fil', numberedRecord(2).value])
  })

  test('starts a new file when another program moved the old one', async () => {
    const sink = open()
    sink.offer(numberedRecord(0))
    await until('the first record is written', () => sink.stats().delivered === 1, 2_000)
    await rename(path, `${path}.moved`)
    sink.offer(numberedRecord(1))
    await sink.close(5_000)
    expect(await numbersIn(`${path}.moved`)).toEqual([0])
    expect(await numbersIn()).toEqual([1])
  })

  test('a folder that cannot be made is waited for; nothing is lost meanwhile, and it is said once', async () => {
    const blocker = join(dir, 'deep')
    await writeFile(blocker, 'a file where the folder should be')
    const { log, lines: logged } = collectingLog()
    const sink = open({}, LIMITS, log)
    for (const n of range(0, 10)) sink.offer(numberedRecord(n))
    await until('the sink says that it is down', () => !sink.stats().up, 2_000)
    expect(sink.stats()).toMatchObject({ delivered: 0, pending: 10 })
    await unlink(blocker)
    sink.offer(numberedRecord(10))
    await until('all is written', () => sink.stats().delivered === 11, 5_000)
    expect(sink.stats().up).toBe(true)
    expect(await numbersIn()).toEqual(range(0, 11))
    expect(logged.map(line => line.split(' ', 1)[0])).toEqual(['warn', 'info'])
  })

  test('a full disk drops only what the queue cannot hold, and counts it', async () => {
    path = join(dir, 'pairs.ndjson')
    await symlink('/dev/full', path)
    const sink = open({}, { records: 5, bytes: 1e6 })
    for (const n of range(0, 8)) sink.offer(numberedRecord(n))
    await until('the sink says that it is down', () => !sink.stats().up, 2_000)
    expect(sink.stats()).toMatchObject({ accepted: 8, delivered: 0, dropped: { queue_full: 3 }, pending: 5 })
    expect(unaccounted(sink)).toBe(0)
    await unlink(path)
    await sink.close(5_000)
    expect(await numbersIn()).toEqual(range(0, 5))
    expect(sink.stats()).toMatchObject({ delivered: 5, dropped: { queue_full: 3, shutdown: 0 }, pending: 0 })
  })

  test('close gives up at its deadline and counts what is left', async () => {
    await writeFile(join(dir, 'deep'), '')
    const sink = open()
    for (const n of range(0, 4)) sink.offer(numberedRecord(n))
    await sink.close(100)
    expect(sink.offer(numberedRecord(4))).toBe(false)
    expect(sink.stats()).toMatchObject({ accepted: 5, delivered: 0, dropped: { shutdown: 5 }, pending: 0 })
  })

  test('two runs that overlap on one file harm no line of each other', async () => {
    path = join(dir, 'pairs.ndjson')
    const [first, second] = [open(), open()]
    for (const n of range(0, 500)) (n % 2 === 0 ? first : second).offer(numberedRecord(n, 300))
    await Promise.all([first.close(5_000), second.close(5_000)])
    expect((await numbersIn()).sort((a, b) => a - b)).toEqual(range(0, 500))
  })
})
