import { parseArgs } from 'node:util'
import { ConfigError } from '../config/problems.ts'
import { ListenError, startUnderstudy, type Understudy } from '../control/start.ts'

/** `understudy serve -c FILE`: runs the proxy until SIGTERM or SIGINT. @returns the exit code. */
export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { config: { type: 'string', short: 'c' } }, strict: true })
  if (values.config === undefined) throw new Error('serve needs -c FILE, the routing file')
  const ended = Promise.withResolvers<number>()
  let proxy: Understudy
  try {
    proxy = await startUnderstudy({
      configFile: values.config,
      onFatal: message => {
        process.stderr.write(`understudy: cannot serve any more: ${message}\n`)
        ended.resolve(1)
      },
    })
  } catch (error) {
    process.stderr.write(`${explain(error, values.config)}\n`)
    return 2
  }
  process.on('SIGHUP', () => void proxy.reload('SIGHUP'))
  const stop = (): void => {
    // A second signal means now.
    process.once('SIGTERM', () => process.exit(1))
    process.once('SIGINT', () => process.exit(1))
    proxy.drain().then(
      () => ended.resolve(0),
      (error: Error) => {
        process.stderr.write(`understudy: the drain failed: ${error.message}\n`)
        ended.resolve(1)
      },
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  return ended.promise
}

function explain(error: unknown, file: string): string {
  if (error instanceof ConfigError) return error.format()
  if (error instanceof ListenError) {
    return `${file}  ${error.key}: ${error.message}\n  stop the process that uses it, or choose another address under "${error.key}"`
  }
  return `understudy: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}
