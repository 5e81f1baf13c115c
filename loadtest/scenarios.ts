/**
 * `npm run bench:scenarios`: a day in the life of the proxy. Each scenario is measured right beside the same load without
 * what it is about (no shadow, no reload, a sink that works), and the table holds the ratios.
 */
import { readCaseOptions } from './case-options.ts'
import { LoadDriver } from './driver.ts'
import { describeMachine, MachineWatch } from './machine.ts'
import { milliseconds } from './markdown.ts'
import { Resources } from './resources.ts'
import { SCENARIOS } from './scenario-list.ts'
import { runScenario } from './scenario-run.ts'
import { scenarioTable, type ScenarioRow } from './scenario-table.ts'

const DEFAULTS = { rounds: 3, seconds: 2, quick: { rounds: 1, seconds: 1 }, cases: SCENARIOS.map(({ name }) => name) }

const options = readCaseOptions(process.argv.slice(2), 'scenario', DEFAULTS)
const watch = new MachineWatch()
await using resources = new Resources()
const driver = resources.add(new LoadDriver())

const rows: ScenarioRow[] = []
for (const scenario of SCENARIOS.filter(({ name }) => options.cases.includes(name))) {
  rows.push(await runScenario(driver, scenario, options))
  console.error(scenario.name)
}
const results = rows.flatMap(({ rounds }) => rounds.flatMap(({ subject, reference }) => [subject, reference]))
const lateUs = Math.max(...results.map(result => result.driverLagP99Us))
console.log(
  `\n${describeMachine()}. Open loop but for saturation, kept connections, ${options.rounds} rounds × ${options.seconds} s ` +
    `beside as much of the reference; medians (min–max). ${watch.report()} ` +
    `Worst p99 of the driver's own lateness: ${milliseconds(lateUs)} ms.\n`,
)
console.log(scenarioTable(rows))
