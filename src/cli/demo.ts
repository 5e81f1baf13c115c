import { setTimeout as sleep } from 'node:timers/promises'
import { loadDigits } from './demo/digits.ts'
import { expectedDisagreements } from './demo/expected.ts'
import { DemoFailure } from './demo/failure.ts'
import { catchInterrupt, type Interrupt } from './demo/interrupt.ts'
import { Observer } from './demo/observer.ts'
import { readDemoOptions, type DemoOptions } from './demo/options.ts'
import { demoReport, runFailure, type DemoReport } from './demo/report.ts'
import { NO_SCREEN, openScreen, type Screen } from './demo/screen.ts'
import { setStage, type Stage } from './demo/stage.ts'
import { summaryLines } from './demo/summary.ts'
import { placesLines } from './demo/view.ts'

const OK = 0
const RUN_FAILED = 1

/**
 * `understudy demo`: trains two versions of a digit classifier, serves them, puts the proxy between them and a stream of
 * requests, shows live what it finds and ends with a summary. Needs nothing but this machine.
 * @returns the exit code: 0, or 1 when the run itself failed.
 */
export async function run(args: string[]): Promise<number> {
  const options = readDemoOptions(args)
  const interrupt = catchInterrupt()
  const screen = options.json ? NO_SCREEN : openScreen(process.stdout)
  try {
    screen.say(`training two versions of a digit classifier, scenario "${options.scenario}" ...`)
    const report = await perform(options, screen, interrupt)
    console.log(options.json ? JSON.stringify(report) : summaryLines(report).join('\n'))
    return exitCode(report)
  } catch (error) {
    if (!(error instanceof DemoFailure)) throw error
    console.error(`understudy demo: ${error.message}`)
    return RUN_FAILED
  } finally {
    interrupt.release()
  }
}

async function perform(options: DemoOptions, screen: Screen, interrupt: Interrupt): Promise<DemoReport> {
  const stage = await setStage(options)
  const observer = new Observer(stage.admin)
  const startedMs = performance.now()
  try {
    stage.traffic.start()
    observer.start()
    show(options, screen, stage, observer, startedMs)
    await Promise.race([interrupt.stopped, stage.failed, ended(options.durationMs)])
    return await conclude(options, stage, observer, performance.now() - startedMs)
  } finally {
    screen.close()
    await stage.traffic.stop()
    await observer.stop()
    await stage.close()
  }
}

function show(options: DemoOptions, screen: Screen, stage: Stage, observer: Observer, startedMs: number): void {
  const labels = loadDigits().map(({ label }) => label)
  const { primary, candidate, traffic, places } = stage
  screen.say(
    `trained and serving: v1 in ${Math.round(primary.trainingMs)} ms, v2 in ${Math.round(candidate.trainingMs)} ms`,
  )
  for (const line of placesLines(places)) screen.say(line)
  screen.follow(() => ({
    scenario: options.scenario,
    primary: primary.platform,
    candidate: candidate.platform,
    elapsedMs: performance.now() - startedMs,
    durationMs: options.durationMs,
    traffic: traffic.stats(),
    experiment: observer.experiment,
    verdict: observer.verdict,
    newest: observer.differences.newest(),
    labels,
  }))
}

/** 0: never. The timer does not keep the process alive once something else ended the run. */
async function ended(durationMs: number): Promise<void> {
  await (durationMs === 0 ? new Promise<void>(() => {}) : sleep(durationMs, undefined, { ref: false }))
}

/** Lets the last pairs settle, then draws the balance: numbers of the proxy, and what it should have found. */
async function conclude(
  options: DemoOptions,
  stage: Stage,
  observer: Observer,
  elapsedMs: number,
): Promise<DemoReport> {
  await stage.traffic.stop()
  await observer.stop()
  const traffic = stage.traffic.stats()
  const experiment = await observer.settle(traffic.answered['2xx'] ?? 0)
  const { kafka } = options
  return demoReport({
    scenario: options.scenario,
    primary: stage.primary.platform,
    candidate: stage.candidate.platform,
    seconds: elapsedMs / 1e3,
    traffic,
    experiment,
    verdict: await observer.readVerdict(),
    differing: observer.differences.newest(),
    expected: expectedDisagreements(options.scenario),
    digits: loadDigits(),
    places: stage.places,
    kafka: kafka.length === 0 ? null : { brokers: kafka, ...(await observer.sinkTotals('kafka')) },
  })
}

function exitCode(report: DemoReport): number {
  const failure = runFailure(report)
  if (failure === null) return OK
  console.error(`understudy demo: the run failed: ${failure}`)
  return RUN_FAILED
}
