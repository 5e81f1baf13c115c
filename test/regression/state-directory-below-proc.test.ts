import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../support/run-command.ts'
import { stateDir } from '../support/state-dir.ts'

/**
 * Node's recursive mkdir never returns where a directory is there and takes none, as /proc is: the proxy span at full speed
 * before it listened.
 */
test.runIf(process.platform === 'linux')(
  'a state directory that cannot be made is refused at the start',
  async () => {
    const file = join(stateDir(), 'routing.yaml')
    const routes = [{ name: 'r', primary: 'v1' }]
    const upstreams = { v1: 'http://127.0.0.1:9' }
    const listen = '127.0.0.1:0'
    const admin = { address: '127.0.0.1:0' }
    writeFileSync(file, JSON.stringify({ listen, admin, state: { dir: '/proc/understudy' }, upstreams, routes }))
    const ended = await runCommand(['serve', '-c', file], { timeoutMs: 15_000 })
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining('/proc/understudy cannot be used')])
  },
  20_000,
)
