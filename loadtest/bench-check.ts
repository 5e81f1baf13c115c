/**
 * `npm run bench:check`: whether Understudy has become worse beside its peers than it was. Runs the bench, with the same
 * options, or takes what it wrote (`--from FILE`), and compares with `baseline.json`. Exit code 0: nothing is worse;
 * 1: something is; 2: wrong use, a bench that failed, or nothing to compare.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, checkTable, parseBaseline, parseFindings, unchecked } from './baseline.ts'
import type { Finding } from './findings.ts'
import { scratchDirectory } from './proxy-process.ts'
import { shout } from './tools.ts'

const BENCH = fileURLToPath(new URL('./bench.ts', import.meta.url))
const BASELINE = new URL('./baseline.json', import.meta.url)

const WORSE = 1
const WRONG_USE = 2

process.exitCode = main(process.argv.slice(2))

function main(args: string[]): number {
  let findings: readonly Finding[]
  try {
    findings = findingsFor(args)
  } catch (error) {
    console.error(`bench:check: ${(error as Error).message}`)
    return WRONG_USE
  }
  const baseline = parseBaseline(readFileSync(BASELINE, 'utf8'))
  const checked = check(findings, baseline)
  console.log(`\n### Against the baseline\n\n${checkTable(checked)}\n\nBaseline: ${baseline.machine}`)
  for (const reason of unchecked(findings, checked, baseline)) shout('NOT CHECKED', reason)
  if (checked.every(({ verdict }) => verdict === 'not measured')) {
    console.error('bench:check: there is nothing to compare')
    return WRONG_USE
  }
  const worse = checked.filter(({ verdict }) => verdict === 'worse')
  for (const { finding } of worse) console.error(`bench:check: worse than the baseline: ${finding?.name}`)
  return worse.length === 0 ? 0 : WORSE
}

/** `--from FILE` and nothing else, or options of the bench. @throws Error for wrong use, and when the bench failed */
function findingsFor(args: string[]): readonly Finding[] {
  const [option, file] = args
  if (option === '--from') {
    if (args.length !== 2) throw new Error('--from takes one file and goes with no other option')
    return parseFindings(readFileSync(file as string, 'utf8'))
  }
  const directory = scratchDirectory('check')
  try {
    const json = join(directory, 'findings.json')
    const { status } = spawnSync(process.execPath, [BENCH, ...args, '--json', json], { stdio: 'inherit' })
    if (status !== 0) throw new Error('the bench failed')
    return parseFindings(readFileSync(json, 'utf8'))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
