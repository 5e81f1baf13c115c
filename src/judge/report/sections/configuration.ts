import { words, type Section } from '../document.ts'
import type { ReportInput } from '../report-input.ts'
import { settings } from '../settings.ts'

/** What was asked and how it was compared: a report says nothing without it. */
export function configurationSection({ plan, configuration, isCurrent }: ReportInput): Section {
  const { revision, hash } = configuration
  return {
    id: 'configuration',
    title: 'Configuration',
    notes: [
      `Configuration in force: revision ${revision}, hash ${hash}. A change of versions, comparison, gates or margins starts a new experiment.`,
      ...(isCurrent ? [] : ['The configuration has moved on: nothing is added to this experiment any more.']),
    ],
    pictures: [],
    tables: [
      {
        caption: 'Settings of the experiment',
        columns: [words('setting'), words('value')],
        rows: settings(plan).map(({ key, value }) => [key, value]),
        isFolded: false,
      },
    ],
  }
}
