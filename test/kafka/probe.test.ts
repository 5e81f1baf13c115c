import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { kafkaAvailability, startKafka, type KafkaBroker } from '../support/kafka.ts'
import { runCommand } from '../support/run-command.ts'

/** What `validate --probe` says of this broker. */
async function probed(broker: string): Promise<string | undefined> {
  const file = join(mkdtempSync(join(tmpdir(), 'understudy-probe-')), 'routing.yaml')
  const sinks = { kafka: { brokers: [broker] } }
  writeFileSync(
    file,
    JSON.stringify({ listen: '127.0.0.1:0', upstreams: { v1: 'http://127.0.0.1:1' }, routes: [ROUTE], sinks }),
  )
  const { stdout, stderr } = await runCommand(['validate', '-c', file, '--probe'])
  return `${stdout}${stderr}`.split('\n').find(line => line.includes('sink kafka'))
}

const ROUTE = { name: 'r', primary: 'v1' }

describe.skipIf(!kafkaAvailability().ok)('validate --probe', () => {
  let kafka: KafkaBroker

  beforeAll(async () => {
    kafka = await startKafka()
  })
  afterAll(async () => {
    await kafka?.stop()
  })

  test('finds a broker, whose topics may be missing yet', async () => {
    expect(await probed(kafka.brokers[0] ?? '')).toBe(`  sink kafka ${kafka.brokers[0]}: answers`)
  })

  test('takes a server of something else for none', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await probed(`127.0.0.1:${port}`)).toContain('does not answer like a broker')
  })
})
