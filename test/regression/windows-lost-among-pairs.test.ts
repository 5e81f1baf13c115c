/**
 * Pairs and windows wait for a sink in one queue. Under more load than the analysis thread could write away it filled up with
 * pairs, and with the pairs that did not fit windows were dropped (3 in a soak of 3 000 000 requests). A lost pair is a lost
 * example; a lost window makes every verdict that is computed again from the records another one than the proxy's own.
 */
import { mkdtemp, readFile, rm, symlink, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileSink } from '../../src/sinks/file.ts'
import { collectingLog, numberedRecord, numberOf, range, unaccounted, until } from '../support/sink-records.ts'

const MEBIBYTE = 1024 * 1024

test('a sink that is full of pairs still takes windows', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'understudy-windows-'))
  const path = join(directory, 'pairs.ndjson')
  await symlink('/dev/full', path)
  const sink = new FileSink({ path, rotateBytes: MEBIBYTE, keep: 1 }, collectingLog().log, {
    records: 80,
    bytes: MEBIBYTE,
  })
  try {
    for (const n of range(0, 100)) sink.offer(numberedRecord(n))
    for (const n of range(100, 110)) sink.offer({ ...numberedRecord(n), stream: 'windows' })
    await until('the sink says that it is down', () => !sink.stats().up, 2_000)
    expect(sink.stats()).toMatchObject({ accepted: 110, dropped: { queue_full: 20 }, pending: 90 })

    await unlink(path)
    await sink.close(5_000)
    const numbers = (await readFile(path, 'utf8')).trimEnd().split('\n').map(numberOf)
    expect(numbers).toEqual([...range(0, 80), ...range(100, 110)])
    expect(unaccounted(sink)).toBe(0)
  } finally {
    await sink.close(0)
    await rm(directory, { recursive: true, force: true })
  }
})
