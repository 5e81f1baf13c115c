import { ConfigError } from '../config/problems.ts'
import { COMMANDS, findCommand } from './commands.ts'
import { commandHelpText, helpText } from './help.ts'
import { isParseError, UsageError } from './options.ts'

const OK = 0
const WRONG_USE = 2

/** Runs one command line (without `node` and the script) and returns its exit code. */
export async function runCommandLine(words: string[]): Promise<number> {
  const [first, ...args] = words
  if (first === undefined) {
    console.error(helpText())
    return WRONG_USE
  }
  if (first === '--version') return (await findCommand('version')?.load())?.run(args) ?? WRONG_USE
  if (first === '--help' || first === '-h' || first === 'help') return printHelp(args[0])
  const command = findCommand(first)
  if (command === undefined) return refuseUnknown(first)
  if (args.includes('--help') || args.includes('-h')) return printHelp(first)
  try {
    return await (await command.load()).run(args)
  } catch (error) {
    return explainFailure(first, error)
  }
}

function printHelp(name: string | undefined): number {
  if (name === undefined) {
    console.log(helpText())
    return OK
  }
  const command = findCommand(name)
  if (command === undefined) return refuseUnknown(name)
  console.log(commandHelpText(command))
  return OK
}

function refuseUnknown(name: string): number {
  console.error(
    `understudy: there is no command ${JSON.stringify(name)}; there are ${COMMANDS.map(c => c.name).join(', ')}`,
  )
  console.error('See understudy --help')
  return WRONG_USE
}

/** What the user can repair is said plainly; everything else is a bug of ours and keeps its stack. */
function explainFailure(command: string, error: unknown): number {
  if (error instanceof ConfigError) {
    console.error(error.format())
    return WRONG_USE
  }
  if (error instanceof UsageError || isParseError(error)) {
    // parseArgs goes on to explain `--`, which no command takes.
    console.error(`understudy ${command}: ${error.message.split(/\. |\n/)[0]}`)
    console.error(`See understudy ${command} --help`)
    return WRONG_USE
  }
  throw error
}
