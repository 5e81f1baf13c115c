import { fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Intake } from '../../../../src/judge/intake.ts'
import { Judge } from '../../../../src/judge/judge.ts'
import { Ledger } from '../../../../src/judge/ledger.ts'
import { SCHEMA_VERSION, STATE_FILE } from '../../../../src/judge/store/schema.ts'
import { StateError } from '../../../../src/judge/store/state-error.ts'
import { openStore, stateDir } from '../../../support/state-dir.ts'
import { quickPlan, START, windowOf } from '../../../support/verdicts.ts'

const PLAN = quickPlan()
const ASIDE = 'error the state file cannot be used: it was moved aside, and all experiments begin anew'

/** A state file with ten seconds of an experiment. */
function written(): { dir: string; path: string } {
  const dir = stateDir()
  const { store } = openStore(dir)
  const intake = new Intake(new Ledger(store.windows), new Judge(), store)
  intake.apply([PLAN])
  for (let i = 0; i < 10; i++) intake.take([windowOf(START + i, { agree: 10 }, PLAN.id)])
  store.close()
  return { dir, path: join(dir, STATE_FILE) }
}

/** What a later start makes of it. */
function reopened(dir: string) {
  const { store, said } = openStore(dir)
  return { experiments: store.kept.length, said, files: readdirSync(dir).filter(name => !/-(wal|shm)$/.test(name)) }
}

/** Changes the file behind the back of the proxy. */
function change(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

describe('the state directory', () => {
  test('is made for this user alone', () => {
    const dir = join(stateDir(), 'a', 'state')
    openStore(dir)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(dir)) expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o600])
  })

  test('of a path that cannot be one is refused with what to do', () => {
    const file = join(stateDir(), 'file')
    writeFileSync(file, '')
    expect(() => openStore(join(file, 'state'))).toThrow(StateError)
    expect(() => openStore(join(file, 'state'))).toThrow(/^the directory .*\/file\/state cannot be used: ENOTDIR/)
  })

  test.skipIf(process.getuid?.() === 0)('that may not be written is refused', () => {
    const dir = stateDir()
    chmodSync(dir, 0o500)
    onTestFinished(() => chmodSync(dir, 0o700))
    expect(() => openStore(dir)).toThrow(/cannot be used: EACCES/)
  })

  test('that another process uses is refused, and free again when that process is killed', async () => {
    const { dir } = written()
    const holder = fork(new URL('../../../support/hold-state.ts', import.meta.url), [dir])
    await once(holder, 'message')
    expect(() => openStore(dir)).toThrow(`${join(dir, STATE_FILE)} is in use by another process`)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    expect(reopened(dir)).toEqual({ experiments: 1, said: [], files: [STATE_FILE] })
  })
})

describe('a state file is moved aside, and said so, when', () => {
  test.each([
    ['it is of a later version', `PRAGMA user_version = ${SCHEMA_VERSION + 1}`, 'other-version'],
    ['it is of another program', 'PRAGMA application_id = 7', 'other-version'],
    ['a table is missing', 'DROP TABLE means', 'damaged'],
    ['a state was changed', "UPDATE experiments SET state = replace(state, '10', '11')", 'damaged'],
    ['a state is no state', `UPDATE experiments SET state = '{}', state_checksum = ${crc32('{}')}`, 'damaged'],
    ['a plan was changed', "UPDATE experiments SET plan = replace(plan, 'v1', 'v3')", 'damaged'],
    ['a mean was changed', 'UPDATE means SET mean = mean + 1e-9', 'damaged'],
    ['a mean is missing', 'DELETE FROM means WHERE number = 3', 'damaged'],
  ])('%s', (_, sql, why) => {
    const { dir, path } = written()
    change(path, sql)
    const before = readFileSync(path)
    const { experiments, said, files } = reopened(dir)
    expect([experiments, said]).toEqual([0, [ASIDE]])
    const aside = files.find(name => name !== STATE_FILE) ?? ''
    expect(aside).toMatch(new RegExp(`^understudy\\.sqlite\\.${why}-\\d{8}T\\d{6}Z$`))
    expect(readFileSync(join(dir, aside)).equals(before)).toBe(true)
  })

  test('it is no database, again and again, and none of them is overwritten', () => {
    const dir = stateDir()
    for (let times = 1; times <= 3; times++) {
      writeFileSync(join(dir, STATE_FILE), `no database ${times}`.repeat(100))
      const { store, said } = openStore(dir)
      expect(said).toEqual([ASIDE])
      store.close()
    }
    const asides = readdirSync(dir).filter(name => name.includes('damaged'))
    expect(asides.map(name => readFileSync(join(dir, name), 'utf8').slice(0, 13)).sort()).toEqual([
      'no database 1',
      'no database 2',
      'no database 3',
    ])
  })

  test('its pages are damaged', () => {
    const { dir, path } = written()
    const bytes = readFileSync(path)
    bytes.fill(0xff, 4096, 4096 * 6)
    writeFileSync(path, bytes)
    expect(reopened(dir)).toMatchObject({ experiments: 0, said: [ASIDE] })
  })
})

test('an empty file is a new one, as a process leaves it that was killed while it made it', () => {
  const dir = stateDir()
  writeFileSync(join(dir, STATE_FILE), '')
  expect(reopened(dir)).toEqual({ experiments: 0, said: [], files: [STATE_FILE] })
})
