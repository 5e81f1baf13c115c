import { locateKey } from '../config/load.ts'
import { ConfigError } from '../config/problems.ts'
import { StateError } from '../judge/store/state-error.ts'
import { SERVE_OPTIONS } from './commands.ts'
import { endHard, endSoon } from './end-hard.ts'
import { readOptions, required } from './options.ts'
import { ListenError, startUnderstudy, type Understudy } from '../control/start.ts'

/** `understudy serve -c FILE`: runs the proxy until SIGTERM or SIGINT. @returns the exit code. */
export async function run(args: string[]): Promise<number> {
  const configFile = required(readOptions(args, SERVE_OPTIONS).config, '-c FILE')
  const started = Promise.withResolvers<Understudy>()
  const ended = listenToSignals(started.promise)
  try {
    started.resolve(
      await startUnderstudy({
        configFile,
        onFatal: message => {
          process.stderr.write(`understudy: cannot serve any more: ${message}\n`)
          process.exit(1)
        },
      }),
    )
  } catch (error) {
    process.stderr.write(`${explain(error, configFile)}\n`)
    // Not by returning: threads that did start would keep the process alive.
    process.exit(2)
  }
  return ended
}

/**
 * Before anything starts: a signal without a handler ends the process at once. Those that come early wait for the start.
 * @returns the exit code, when the proxy has drained.
 */
function listenToSignals(started: Promise<Understudy>): Promise<number> {
  const ended = Promise.withResolvers<number>()
  process.on('SIGHUP', () => void started.then(proxy => proxy.reload('SIGHUP')))
  const stop = (): void => {
    process.once('SIGTERM', endAtOnce)
    process.once('SIGINT', endAtOnce)
    started
      .then(async proxy => {
        await proxy.drain()
        endSoon(proxy)
      })
      .then(
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

/** A second signal means now, also to a write that hangs. */
function endAtOnce(): void {
  process.stderr.write('understudy: a second signal: ending at once, requests and records under way are lost\n')
  endHard()
}

function explain(error: unknown, file: string): string {
  if (error instanceof ConfigError) return error.format()
  if (error instanceof ListenError) {
    const { line, column } = locateKey(file, [error.key])
    return `${file}:${line}:${column}  ${error.key}: ${error.message}\n    hint: ${listenHint(error)}`
  }
  if (error instanceof StateError) {
    const { line, column } = locateKey(file, ['state', 'dir'])
    return `${file}:${line}:${column}  state.dir: ${error.message}\n    hint: ${error.hint}`
  }
  return `understudy: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
}

const UNKNOWN_HOST = 'that host name is not known here: write an address of this machine, or 0.0.0.0 for all'

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'stop the process that uses it, or choose another address',
  EACCES: 'this user may not use that port: choose one from 1024 on, or give the process CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'no interface of this machine has that address: write one that it has, or 0.0.0.0 for all',
  ENOTFOUND: UNKNOWN_HOST,
  EAI_AGAIN: UNKNOWN_HOST,
}

/** By the code of the cause, which of an error of another thread only its text has. */
function listenHint({ message }: ListenError): string {
  const code = Object.keys(LISTEN_HINTS).find(each => message.includes(each))
  return (code === undefined ? null : LISTEN_HINTS[code]) ?? 'choose another address'
}
