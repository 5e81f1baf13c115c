import type { WindowCounts } from '../../wire/window.ts'

/** One step on the way from an eligible exchange to two compared answers. */
export interface Stage {
  readonly name: string
  readonly count: number
  /** What the stage before had and this one has not, by reason; most frequent first, none of them zero. */
  readonly lost: readonly { readonly reason: string; readonly count: number }[]
}

/** The five steps. Each has as many exchanges as the one before it less those it lost. */
export function stages(counts: WindowCounts): Stage[] {
  const { eligible, sampled, sent, pairs, dropped, unpaired, outcomes, incomparable } = counts
  const { shadow_error, primary_error, both_error } = outcomes
  return [
    { name: 'eligible', count: eligible, lost: [] },
    { name: 'sampled', count: sampled, lost: ranked({ not_sampled: eligible - sampled }) },
    { name: 'sent', count: sent, lost: ranked(dropped) },
    { name: 'pairs', count: pairs, lost: ranked(unpaired) },
    {
      name: 'compared',
      count: outcomes.agree + outcomes.disagree,
      lost: ranked({ shadow_error, primary_error, both_error, ...incomparable }),
    },
  ]
}

function ranked(lost: Readonly<Record<string, number>>): { reason: string; count: number }[] {
  return Object.entries(lost)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count)
}
