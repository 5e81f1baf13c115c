import type { VerdictView } from '../control/admin/verdict-view.ts'
import { escapeMarkdown } from '../judge/report/escape.ts'
import { UsageError } from './options.ts'

/** What a command that gives a verdict ends with. */
export const VERDICT_EXIT_CODES = { PROMOTE: 0, ROLLBACK: 10, CONTINUE: 20, EXPIRED: 20, INVALID: 30 } as const

const VERDICT_OUTPUTS = ['text', 'json', 'junit', 'markdown'] as const
export type VerdictOutput = (typeof VERDICT_OUTPUTS)[number]

/** Pairs alone: nobody has counted what was sampled and lost. */
export interface UnknownCoverage {
  readonly eligible: null
  readonly sampled: null
  readonly paired: number
  readonly lost: null
  readonly bounds: null
}

/** The verdict of a running proxy, or of records, which may not say what they leave out. */
export type PrintedVerdict = Omit<VerdictView, 'coverage'> & {
  readonly coverage: VerdictView['coverage'] | UnknownCoverage
}

type Gate = VerdictView['gates'][number]

/** The value of `--output`; text where it is not given. @throws UsageError */
export function readVerdictOutput(value = 'text'): VerdictOutput {
  const output = VERDICT_OUTPUTS.find(each => each === value)
  if (output === undefined) throw new UsageError(`--output is ${VERDICT_OUTPUTS.join(', ')}, not ${value}`)
  return output
}

/** A verdict for a terminal, a program, a CI system that reads JUnit, or a comment under a change. */
export function printVerdict(verdict: PrintedVerdict, output: VerdictOutput): string {
  switch (output) {
    case 'text':
      return asText(verdict)
    case 'json':
      return JSON.stringify(verdict)
    case 'junit':
      return asJunit(verdict)
    case 'markdown':
      return asMarkdown(verdict)
  }
}

function asText(verdict: PrintedVerdict): string {
  const lines = [
    `${verdict.verdict}  ${verdict.experiment}`,
    ...(verdict.override === null ? [] : [`  ${overridden(verdict, verdict.override)}`]),
    `  ${verdict.reason}`,
    `  ${parties(verdict)}`,
    `  ${coverage(verdict)}`,
    ...verdict.gates.map(({ reason }) => `  ${reason}`),
  ]
  return lines.join('\n')
}

/**
 * One test case a gate: open ones are skipped, harmful ones have failed. An override decides in their place, as it does
 * over the exit code: then a harmful gate is skipped, and only the verdict can fail.
 */
function asJunit(verdict: PrintedVerdict): string {
  const name = xml(verdict.experiment)
  const cases = verdict.gates.map(
    gate => `  <testcase classname="${name}" name="${xml(gate.id)}">${outcome(gate, verdict.override)}</testcase>`,
  )
  const whole = wholeOutcome(verdict)
  const failures = [whole, ...cases].filter(text => /<(failure|error) /.test(text)).length
  const unknown = verdict.coverage.bounds === null ? `; ${coverage(verdict)}` : ''
  const said = xml(`${verdict.verdict}: ${why(verdict)}${unknown}`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="${name}" tests="${cases.length + 1}" failures="${failures}">`,
    `  <testcase classname="${name}" name="verdict">${whole}<system-out>${said}</system-out></testcase>`,
    ...cases,
    '</testsuite>',
  ].join('\n')
}

function wholeOutcome(verdict: PrintedVerdict): string {
  if (verdict.verdict === 'INVALID') return `<error message="${xml(why(verdict))}"/>`
  const isRolledBack = verdict.override?.verdict === 'ROLLBACK'
  return isRolledBack ? `<failure message="${xml(why(verdict))}"/>` : ''
}

function outcome({ state, reason }: Gate, override: VerdictView['override']): string {
  if (state === 'harm' && override === null) return `<failure message="${xml(reason)}"/>`
  return state === 'safe' ? `<system-out>${xml(reason)}</system-out>` : `<skipped message="${xml(reason)}"/>`
}

function asMarkdown(verdict: PrintedVerdict): string {
  return [
    `## ${verdict.verdict}: ${verdict.experiment}`,
    '',
    ...(verdict.override === null ? [] : [`**${escapeMarkdown(overridden(verdict, verdict.override))}**`, '']),
    `${verdict.reason}. ${parties(verdict)}; ${coverage(verdict)}.`,
    '',
    '| gate | state | votes | estimate | interval | margin | log E harm / needed | log E safe / needed |',
    '| --- | --- | --: | --: | --: | --: | --: | --: |',
    ...verdict.gates.map(row),
  ].join('\n')
}

function row({ id, state, n, estimate, interval, margin, logE, threshold }: Gate): string {
  const cells = [
    id,
    state,
    n,
    estimate === null ? '—' : short(estimate),
    `${short(interval[0])} – ${interval[1] === null ? '—' : short(interval[1])}`,
    margin,
    `${logE.harm.toFixed(2)} / ${threshold.harm.toFixed(2)}`,
    `${logE.safe.toFixed(2)} / ${threshold.safe.toFixed(2)}`,
  ]
  return `| ${cells.join(' | ')} |`
}

function why(verdict: PrintedVerdict): string {
  return verdict.override === null ? verdict.reason : overridden(verdict, verdict.override)
}

function overridden({ judged }: PrintedVerdict, { actor, reason, at }: NonNullable<VerdictView['override']>): string {
  return `overridden by ${actor} at ${at}: ${reason} (the judge says ${judged})`
}

function parties({ primary, candidate }: PrintedVerdict): string {
  return `${nameOf(candidate)} against ${nameOf(primary)}`
}

function nameOf(party: VerdictView['primary']): string {
  if (party === null) return 'a version that is no longer configured'
  return party.version === null ? party.upstream : `${party.upstream} (version ${party.version})`
}

function coverage({ coverage }: PrintedVerdict): string {
  if (coverage.bounds === null) {
    return `${coverage.paired} exchanges paired; coverage is unknown: without window records nobody knows what was lost`
  }
  const { sampled, paired, lost, bounds } = coverage
  const reasons = Object.entries(lost).map(([reason, count]) => `${count} ${reason}`)
  const losses = reasons.length === 0 ? 'nothing lost' : `lost ${reasons.join(', ')}`
  return `${paired} of ${sampled} sampled exchanges paired, ${losses}; agreement is between ${short(bounds[0])} and ${short(bounds[1])} whatever was lost`
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
