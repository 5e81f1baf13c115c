import { defineConfig } from 'vitest/config'

/**
 * On CI a test that talks to real processes gets a second chance: a core that is taken away for seconds is no failure of
 * ours. vitest reports what needed it.
 */
const SECOND_CHANCE = { retry: process.env['CI'] === undefined ? 0 : 1 }

/** One project per kind of test; `npm test` names those it runs, `npm run test:all` runs every one. */
const project = (name: string, timeoutMs: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutMs,
    hookTimeout: 120_000,
    ...(['integration', 'regression', 'kafka', 'interop'].includes(name) ? SECOND_CHANCE : {}),
  },
})

export default defineConfig({
  test: {
    setupFiles: ['test/support/setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      project('unit', 10_000),
      project('property', 60_000),
      project('contract', 30_000),
      project('integration', 30_000),
      project('regression', 30_000),
      project('kafka', 120_000),
      project('interop', 120_000),
      project('soak', 900_000),
    ],
  },
})
