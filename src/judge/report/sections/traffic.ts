import { grouped, percent } from '../../../evidence/words.ts'
import { numbers, words, type Section, type Table } from '../document.ts'
import { NOTHING, shareFigure } from '../figures.ts'
import type { ReportInput } from '../report-input.ts'
import { stages, type Stage } from '../stages.ts'
import { funnelPicture } from '../svg/funnel-picture.ts'

/** How much of the traffic the verdict rests on, and why it is not all of it. */
export function trafficSection({ counts, look, plan }: ReportInput): Section {
  const steps = stages(counts)
  const [lower, upper] = look.coverage.bounds
  return {
    id: 'traffic',
    title: 'Traffic',
    notes: [
      `${percent(plan.inclusion)} of the eligible exchanges were to be sampled, chosen before there was an answer. The counts are those of all sealed windows, warm-up included.`,
      `After the warm-up ${coverageInWords(look.coverage.share)}. Whatever the lost ones would have shown, between ${percent(lower)} and ${percent(upper)} of them agree.`,
    ],
    pictures: [funnelPicture(steps) ?? []].flat(),
    tables: [stageTable(steps)],
  }
}

function coverageInWords(share: number | null): string {
  return share === null ? 'nothing was sampled' : `${percent(share)} of the sampled exchanges were not lost`
}

function stageTable(steps: readonly Stage[]): Table {
  const eligible = steps[0]?.count ?? 0
  return {
    caption: 'From eligible to compared exchanges',
    columns: [words('step'), numbers('exchanges'), numbers('of eligible'), words('without')],
    rows: steps.map(({ name, count, lost }) => [
      name,
      grouped(count),
      shareFigure(count, eligible),
      lost.length === 0 ? NOTHING : lost.map(({ reason, count }) => `${grouped(count)} ${reason}`).join(', '),
    ]),
    isFolded: false,
  }
}
