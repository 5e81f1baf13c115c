import { scrape, total, type Sample } from './scrape.ts'

/** What Understudy itself says became of the copies, since it was started. */
export interface CopyCounts {
  readonly sent: number
  readonly dropped: number
  readonly pairs: number
  /** Pairs that were counted, but not compared, because the analysis thread was behind. */
  readonly notCaptured: number
  /** Records of pairs and windows. */
  readonly records: number
  readonly delivered: number
}

/**
 * Counters are posted to the control thread once a second, so that those of a run are there this long after its end;
 * what was in flight at its end is done by then, too.
 */
export const COUNTERS_LAG_MS = 1200
/** Windows are sealed and their outcomes counted only when no more pairs of theirs can come. */
export const WINDOWS_LAG_MS = 4000

export async function readCounts(adminUrl: string): Promise<CopyCounts> {
  return countsOf(await scrape(adminUrl))
}

export function countsOf(samples: readonly Sample[]): CopyCounts {
  const labelled = (label: string, value: string): Sample[] => samples.filter(({ labels }) => labels[label] === value)
  return {
    sent: total(samples, 'shadow_sent_total'),
    dropped: total(samples, 'shadow_dropped_total'),
    pairs: total(samples, 'pairs_total'),
    notCaptured: total(labelled('reason', 'not_captured'), 'incomparable_total'),
    records: total(labelled('state', 'accepted'), 'sink_records_total'),
    delivered: total(labelled('state', 'delivered'), 'sink_records_total'),
  }
}

/** Of the copies that should have been sent between two readings, the share that was. NaN: there were none. */
export function shareSent(before: CopyCounts, after: CopyCounts): number {
  const sent = after.sent - before.sent
  return sent / (sent + after.dropped - before.dropped)
}
