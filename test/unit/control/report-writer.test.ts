import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Log } from '../../../src/control/log.ts'
import { ReportWriter } from '../../../src/control/report-writer.ts'
import { ControlState } from '../../../src/control/state.ts'
import { snapshotOf } from '../../support/pairs.ts'
import { quickPlan, START, windowOf, type SecondOfPairs } from '../../support/verdicts.ts'

const PLAN = quickPlan()

let parent: string
let directory: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'reports-'))
  directory = join(parent, 'reports')
})
afterEach(() => rm(parent, { recursive: true, force: true }))

/** Control with a writer of reports, what it logs, and the verdicts that were reached. */
function start() {
  const state = new ControlState(snapshotOf([PLAN]))
  const errors: Readonly<Record<string, unknown>>[] = []
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (_message, fields) => void errors.push(fields ?? {}),
    setLevel: () => {},
  }
  const writer = new ReportWriter(state, directory, log)
  state.onLooked = experiment => writer.looked(experiment)
  const verdicts = new Set<string>()
  let second = START
  const pass = async (seconds: number, pairs: SecondOfPairs): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      const windows = [windowOf(second++, pairs, PLAN.id)]
      state.take({ windows, settledBefore: 0, experiments: [], disagreements: [], sinks: [], framesLost: 0 })
      verdicts.add(state.judge.look(PLAN.id)?.decision.verdict ?? 'none')
    }
    await writer.settled()
  }
  return { state, errors, verdicts, pass }
}

const files = async (): Promise<string[]> => (await readdir(directory)).toSorted()
const reported = (names: readonly string[]): string[] => names.map(name => name.replace(/-\d{8}T\d{6}Z/, '-TIME'))

describe('the report of a verdict', () => {
  test('is written in every format once it is reached, and not before or again', async () => {
    const { pass, errors } = start()
    await pass(20, { agree: 200 })
    await expect(readdir(directory)).rejects.toThrow('ENOENT')
    await pass(60, { agree: 200 })
    const written = await files()
    expect(reported(written)).toEqual(['html', 'json', 'md'].map(ending => `${PLAN.id}-PROMOTE-TIME.${ending}`))
    const markdown = await readFile(join(directory, written[2] ?? ''), 'utf8')
    expect(markdown).toMatch(/^# PROMOTE: v2 \(version 2\) on route digits\n/)
    await pass(60, { agree: 200 })
    expect([await files(), errors]).toEqual([written, []])
  })

  test('is named by the end of the second that decided', async () => {
    const { pass, state } = start()
    while (state.judge.look(PLAN.id)?.decision.verdict === 'CONTINUE') await pass(1, { agree: 150, disagree: 50 })
    const second = state.judge.look(PLAN.id)?.second ?? 0
    const time = new Date((second + 1) * 1e3).toISOString().replaceAll(/[-:]|\.000/g, '')
    expect(await files()).toContain(`${PLAN.id}-ROLLBACK-${time}.md`)
  })

  test('is written again when the verdict becomes another', async () => {
    const { pass, verdicts } = start()
    await pass(60, { agree: 200 })
    await pass(60, { agree: 100, disagree: 100 })
    // What follows from the harm, that votes depend on their neighbours, does not hide it.
    expect([...verdicts]).toEqual(['CONTINUE', 'PROMOTE', 'ROLLBACK'])
    const written = (await files()).map(name => /-([A-Z]+)-/.exec(name)?.[1] ?? name)
    expect(written).toEqual(['PROMOTE', 'PROMOTE', 'PROMOTE', 'ROLLBACK', 'ROLLBACK', 'ROLLBACK'])
  })

  test('that is there from before a restart stays as it is; what is missing of it is written', async () => {
    await start().pass(60, { agree: 200 })
    const [html = '', json = '', markdown = ''] = await files()
    await writeFile(join(directory, html), 'kept')
    await rm(join(directory, json))
    await start().pass(90, { agree: 200 })
    expect(reported(await files())).toEqual(reported([html, json, markdown]))
    expect(await readFile(join(directory, html), 'utf8')).toBe('kept')
    expect(await readFile(join(directory, json), 'utf8')).toContain('"bomFormat": "CycloneDX"')
  })

  test('that cannot be written is logged once, with what to do, and nothing else stops', async () => {
    await writeFile(directory, 'a file where the directory should be')
    const { pass, errors, verdicts } = start()
    await pass(60, { agree: 200 })
    expect(errors).toMatchObject([{ experiment: PLAN.id, directory, advice: 'understudy report still has it' }])
    await pass(60, { agree: 100, disagree: 100 })
    expect(verdicts).toContain('ROLLBACK')
    expect(await readdir(parent)).toEqual(['reports'])
  })
})
