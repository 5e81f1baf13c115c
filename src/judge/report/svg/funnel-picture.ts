import { grouped } from '../../../evidence/words.ts'
import { shareFigure } from '../figures.ts'
import type { Stage } from '../stages.ts'
import { LEFT, picture, rectangle, RIGHT, text, WIDTH } from './picture.ts'

const BAR = 26
/** From one bar to the next: the bar and a line of text for its count and what was lost before it. */
const STEP = 58
const FULL_WIDTH = WIDTH - LEFT - RIGHT
/** More do not fit into a line; the table has all of them. */
const REASONS_NAMED = 3

/** How many exchanges got how far, and what became of the others. null: none was eligible. */
export function funnelPicture(stages: readonly Stage[]): string | null {
  const all = stages[0]?.count ?? 0
  if (all === 0) return null
  const body = stages.flatMap((stage, i) => bar(stage, all, i * STEP))
  const steps = stages.map(({ name, count }) => `${grouped(count)} ${name}`)
  return picture(
    { id: 'funnel', title: 'From eligible to compared exchanges', description: `${steps.join(', ')}.` },
    (stages.length - 1) * STEP + BAR + 32,
    body,
  )
}

function bar({ name, count, lost }: Stage, all: number, top: number): string[] {
  const y = top + 4
  return [
    text(LEFT - 8, y + 18, name, 'end'),
    rectangle('loss', LEFT, y, FULL_WIDTH, BAR),
    rectangle('stage', LEFT, y, (count / all) * FULL_WIDTH, BAR),
    text(LEFT, y + BAR + 16, `${grouped(count)} (${shareFigure(count, all)} of all)${lossesInWords(lost)}`),
  ]
}

function lossesInWords(lost: Stage['lost']): string {
  const named = lost.slice(0, REASONS_NAMED).map(({ reason, count }) => `${grouped(count)} ${reason}`)
  const others = lost.slice(REASONS_NAMED).reduce((sum, { count }) => sum + count, 0)
  if (others > 0) named.push(`${grouped(others)} for other reasons`)
  return named.length === 0 ? '' : ` · without ${named.join(', ')}`
}
