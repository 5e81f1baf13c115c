import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../../src/cli/commands.ts'
import { routingFileJsonSchema } from '../../../src/config/schema.ts'
import { SMALLEST, writeFiles } from '../config/routing-files.ts'
import { understudy } from './command-line.ts'

describe('help', () => {
  test('names every command', async () => {
    const { code, stdout } = await understudy(['--help'])
    expect(code).toBe(0)
    for (const { name, summary } of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'))
  })

  test.each(COMMANDS.map(({ name }) => name))('of %s names its options and loads nothing', async name => {
    const { code, stdout } = await understudy([name, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: understudy ${name}`)
    for (const option of Object.keys(COMMANDS.find(command => command.name === name)?.options ?? {})) {
      expect(stdout).toContain(`--${option}`)
    }
  })
})

describe('wrong use ends with 2, a message on stderr and nothing on stdout', () => {
  test.each([
    [[], 'Usage: understudy COMMAND'],
    [['serv'], 'there is no command "serv"'],
    [['validate'], 'understudy validate: -c FILE is missing\nSee understudy validate --help'],
    [['validate', '--conf', 'x'], "understudy validate: Unknown option '--conf'\nSee understudy validate --help"],
    [['validate', '-c'], 'argument missing\nSee understudy validate --help'],
    [['schema', 'more'], 'See understudy schema --help'],
    [['explain', '-c', 'x', '--path', 'no-slash'], 'understudy explain: --path must start with /'],
    [
      ['explain', '-c', 'x', '--path', '/', '--address', '10.0.0.300'],
      'understudy explain: --address must be an IP address',
    ],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await understudy(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})

test('version names the package, Node.js and the config schema', async () => {
  const { code, stdout } = await understudy(['version', '--json'])
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ version: manifest.version, node: process.versions.node, configSchema: 1 })
  expect((await understudy(['--version'])).stdout).toContain(`understudy ${manifest.version}`)
})

test('schema prints the JSON Schema', async () => {
  const { code, stdout } = await understudy(['schema'])
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(routingFileJsonSchema())))
})

test('a reader that leaves early is no failure', async () => {
  const main = new URL('../../../src/cli/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main, 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const code = await new Promise(done => child.on('close', done))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('an invalid file is explained with 2 by every command that reads one', async () => {
  const file = writeFiles({ 'routing.yaml': SMALLEST.replace('percent', 'percnt') })
  for (const args of [
    ['validate', '-c', file],
    ['explain', '-c', file, '--path', '/'],
  ]) {
    const { code, stderr } = await understudy(args)
    expect(code).toBe(2)
    expect(stderr).toContain(
      `${file}:9:37  routes[0].shadows[0].percnt: unknown key\n    hint: did you mean \`percent\`?`,
    )
  }
})
