import type { Percentiles } from '../../wire/messages.ts'
import type { Prediction } from './differences.ts'
import { drawDigit } from './digit-art.ts'
import { confusionText, count, milliseconds, percent, table, total } from './format.ts'
import type { DemoReport, KafkaOutcome, ShownImage } from './report.ts'
import { CANDIDATES, SCENARIO_NAMES } from './scenarios.ts'

const CONFUSIONS_SHOWN = 8
const FIELDS_SHOWN = 3
const IMAGES_PER_ROW = 3
const CARD_WIDTH = 26

/** The end of a run as lines of text: what was measured, where the versions differ, and where everything is kept. */
export function summaryLines(report: DemoReport): string[] {
  return [
    '',
    `Summary of ${Math.round(report.seconds)} s, scenario "${report.scenario}"`,
    `  primary    v1  ${report.primary}`,
    `  candidate  v2  ${report.candidate}`,
    `                 (${CANDIDATES[report.scenario]})`,
    '',
    ...verdict(report),
    '',
    ...counted(report),
    '',
    ...latency(report),
    '',
    ...differences(report),
    '',
    ...found(report),
    ...crossCheck(report),
    '',
    ...kept(report),
  ]
}

/** The verdict first, and beside a rollback for disagreement what only the demo can know: the digit that suffered. */
function verdict(report: DemoReport): string[] {
  const { verdict, reason, gates } = report.verdict
  const judged = gates.find(({ id }) => id === 'agreement')?.n ?? 0
  const { compared } = report.agreement
  return [
    `Verdict ${verdict}: ${reason}`,
    // The gate that decided is in the reason: said once.
    ...gates.filter(gate => !reason.includes(gate.reason)).map(gate => `  ${gate.reason}`),
    ...(isRolledBackForAgreement(report) ? hardestHitText(report) : []),
    ...(judged < compared
      ? [`  (${count(judged)} of ${count(compared)} compared pairs are judged: those of the warm-up are not)`]
      : []),
  ]
}

function isRolledBackForAgreement({ verdict: { gates } }: DemoReport): boolean {
  return gates.some(({ id, state }) => id === 'agreement' && state === 'harm')
}

function hardestHitText({ hardestHit }: DemoReport): string[] {
  if (hardestHit === null) return []
  const { digit, lost, requests } = hardestHit
  return [
    `  Hardest hit: digit ${digit}. In ${count(lost)} of its ${count(requests)} requests v1 was right and v2 wrong.`,
  ]
}

function counted({ requests, agreement, counts }: DemoReport): string[] {
  const answered = Object.entries(requests.answered).map(([kind, n]) => `${count(n)} answered ${kind}`)
  const { outcomes } = counts
  return [
    `Agreement ${percent(agreement.agree, agreement.compared)}: v1 and v2 gave the same digit in ${count(agreement.agree)} of ${count(agreement.compared)} compared pairs`,
    `  requests   ${[`${count(requests.sent)} sent`, ...answered, `${count(requests.failed)} failed`].join(', ')}`,
    `  copies     ${count(counts.sampled)} sampled = ${count(counts.sent)} sent + ${count(total(counts.dropped))} dropped${reasons(counts.dropped)}`,
    `             ${count(counts.sent)} sent = ${count(counts.pairs)} paired + ${count(total(counts.unpaired))} unpaired${reasons(counts.unpaired)}`,
    `  errors     shadow ${count(outcomes.shadow_error)}, primary ${count(outcomes.primary_error)}, both ${count(outcomes.both_error)}; incomparable ${count(outcomes.incomparable)}`,
  ]
}

function reasons(counts: Readonly<Record<string, number>>): string {
  const named = Object.entries(counts).filter(([, n]) => n > 0)
  return named.length === 0 ? '' : ` (${named.map(([reason, n]) => `${reason} ${count(n)}`).join(', ')})`
}

function latency({ latency, requests }: DemoReport): string[] {
  return [
    ...table([
      ['Latency', 'p50', 'p90', 'p99', 'max'],
      ['  primary', ...percentiles(latency?.primary.all ?? null)],
      ['  shadow', ...percentiles(latency?.shadow.all ?? null)],
    ]),
    `  the client saw p50 ${milliseconds(requests.latency?.p50Us ?? null)}, p99 ${milliseconds(requests.latency?.p99Us ?? null)}`,
  ]
}

function percentiles(leg: Percentiles | null): string[] {
  return [leg?.p50, leg?.p90, leg?.p99, leg?.max].map(us => milliseconds(us ?? null))
}

function differences(report: DemoReport): string[] {
  const { confusions, digits, mostDifferent } = report
  if (confusions.length === 0) return ['The versions differed on no image.']
  const lost = digits.reduce((sum, effect) => sum + effect.lost, 0)
  const gained = digits.reduce((sum, effect) => sum + effect.gained, 0)
  const rest = confusions.slice(CONFUSIONS_SHOWN).reduce((sum, { times }) => sum + times, 0)
  return [
    'Where the versions differ (only the demo knows the true digits)',
    ...confusions.slice(0, CONFUSIONS_SHOWN).map(({ digit, primary, candidate, times }) => {
      return `  true ${digit}: v1 → ${primary}, v2 → ${candidate} (${timesText(times)})`
    }),
    ...(rest === 0 ? [] : [`  others (${timesText(rest)})`]),
    `  v2 was right where v1 was wrong ${timesText(gained)}, and wrong where v1 was right ${timesText(lost)}`,
    ...(isRolledBackForAgreement(report) ? [] : hardestHitText(report)),
    '',
    'The images on which they differ most',
    ...gallery(mostDifferent),
  ]
}

/** What there is without true labels: the same in the API, the report and the metrics of any model. */
function found({ found: { confusions, otherConfusions, topFields } }: DemoReport): string[] {
  if (topFields.length === 0) return []
  const shown = confusions.slice(0, CONFUSIONS_SHOWN)
  const rest = otherConfusions + total(confusions.slice(CONFUSIONS_SHOWN).map(({ count }) => count))
  return [
    'What the proxy found (any model has this, in the API and in understudy report)',
    ...(shown.length === 0
      ? []
      : [`  v1 → v2  ${[...shown.map(confusionText), ...(rest === 0 ? [] : [`others ${count(rest)}`])].join(', ')}`]),
    ...topFields.slice(0, FIELDS_SHOWN).map(({ path, kind, count: times }) => {
      return `  field    ${path} has another ${kind} (${timesText(times)})`
    }),
    '',
  ]
}

function timesText(times: number): string {
  return times === 0 ? 'never' : times === 1 ? 'once' : `${count(times)} times`
}

function gallery(images: readonly ShownImage[]): string[] {
  const lines: string[] = []
  for (let start = 0; start < images.length; start += IMAGES_PER_ROW) {
    const cards = images.slice(start, start + IMAGES_PER_ROW).map(card)
    for (let line = 0; line < (cards[0]?.length ?? 0); line++) {
      lines.push(`  ${cards.map(lines => (lines[line] ?? '').padEnd(CARD_WIDTH)).join('')}`.trimEnd())
    }
  }
  return lines
}

function card({ image, label, pixels, primary, candidate }: ShownImage): string[] {
  return ['', ...drawDigit(pixels), `image ${image}: true ${label}`, says('v1', primary), says('v2', candidate)]
}

function says(version: string, { label, probabilities }: Prediction): string {
  return `${version} → ${label} (p ${(probabilities[label] ?? 0).toFixed(2)})`
}

function crossCheck({ offline, counts, requests, agreement }: DemoReport): string[] {
  const counted = counts.outcomes.disagree
  const answered = requests.answered['2xx'] ?? 0
  const others = counts.eligible - answered
  const lost = counts.eligible - agreement.compared
  return [
    'Cross-check without the proxy',
    `  offline: the models differ on ${percent(offline.differing, offline.images)} of these images (${offline.differing} of ${offline.images})`,
    `  so the requests of this run must hold ${count(offline.expectedDisagreements)} disagreements; the proxy counted ${count(counted)}`,
    ...(lost > 0 ? [`  (${count(lost)} requests were not compared: there may be up to that many fewer)`] : []),
    ...(others > 0 ? [`  (${count(others)} requests were not the demo's own: there may be up to that many more)`] : []),
  ]
}

function kept({ places, kafka, scenario }: DemoReport): string[] {
  const others = SCENARIO_NAMES.filter(name => name !== scenario)
  return [
    'Kept for you',
    `  pair records and windows  ${places.recordsFile}`,
    `  routing file              ${places.routingFile}`,
    ...(kafka === null ? [] : [`  Kafka                     ${kafkaText(kafka)}`]),
    '',
    `Next: understudy demo --scenario ${others.join(' or --scenario ')}, then understudy serve -c with a file like the one above`,
  ]
}

function kafkaText({ brokers, accepted, delivered, dropped }: KafkaOutcome): string {
  const waiting = accepted - delivered - dropped
  const counts = `${count(delivered)} records delivered, ${count(waiting)} waiting, ${count(dropped)} dropped`
  return `${brokers.join(', ')}: ${counts}${delivered === 0 ? ' (does a broker answer there?)' : ''}`
}
