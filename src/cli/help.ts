import { COMMANDS, type Command } from './commands.ts'

export function helpText(): string {
  const rows = COMMANDS.map(command => [command.name, command.summary] as const)
  return [
    'Understudy: a streaming shadow-testing and canary proxy for model servers',
    '',
    'Usage: understudy COMMAND [options]',
    '',
    'Commands:',
    ...columns(rows),
    '',
    'understudy COMMAND --help explains one command.',
    'Exit codes: 0 ok, 2 wrong use or invalid configuration, 3 not reachable.',
  ].join('\n')
}

export function commandHelpText(command: Command): string {
  const rows = Object.entries(command.options).map(([name, option]) => {
    const short = option.short === undefined ? '    ' : `-${option.short}, `
    const value = option.value === undefined ? '' : ` ${option.value}`
    return [`${short}--${name}${value}`, option.summary] as const
  })
  rows.push(['-h, --help', 'print this help'])
  const usage = `understudy ${command.name} ${command.usage}`.trimEnd()
  return [`${command.name}: ${command.summary}`, '', `Usage: ${usage}`, '', 'Options:', ...columns(rows)].join('\n')
}

function columns(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
