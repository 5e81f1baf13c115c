#!/usr/bin/env node
/**
 * The `understudy` command. This file imports nothing before it has checked the version of Node.js: an older one would
 * fail on the first import with a message that helps nobody.
 */
const NEEDED_NODE_MAJOR = 24

if (Number(process.versions.node.split('.')[0]) < NEEDED_NODE_MAJOR) {
  console.error(
    `understudy needs Node.js ${NEEDED_NODE_MAJOR} or newer, this is ${process.version}.\n` +
      `Install it from https://nodejs.org, or in a checkout run the one that came with npm install: npm run understudy -- ...`,
  )
  process.exitCode = 2
} else {
  // The reader of a pipe (`understudy schema | head`) may leave early: that is its right, not our error.
  process.stdout.on('error', (error: Error & { code?: string }) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  // Names are looked up by half of these threads, and a resolver that hangs holds one for each name. Read at its first use.
  process.env['UV_THREADPOOL_SIZE'] ??= '16'
  const { runCommandLine } = await import('./run.ts')
  process.exitCode = await runCommandLine(process.argv.slice(2))
}
