// Keeps the Dockerfile true where there is no Docker: runs its steps in temporary folders, one a stage, then starts the
// result as the image would, on a free port, asks whether it is ready and stops it with SIGTERM.
import { execSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'

const source = resolve(import.meta.dirname, '..')
const root = mkdtempSync(join(tmpdir(), 'understudy-image-'))
const stages = new Map()
let stage
let entrypoint = []

const steps = readFileSync(join(source, 'Dockerfile'), 'utf8')
  .split('\n')
  .filter(line => line.trim() !== '' && !line.startsWith('#'))

for (const line of steps) {
  const [, word, rest] = /^(\w+)\s+(.*)$/.exec(line)
  console.log(`image: ${line}`)
  if (word === 'FROM') stage = openStage(/ AS (\w+)$/.exec(rest)?.[1] ?? 'final')
  else if (word === 'WORKDIR') mkdirSync((stage.workdir = join(stage.root, rest)), { recursive: true })
  else if (word === 'ENV') Object.assign(stage.env, Object.fromEntries([rest.split('=')]))
  else if (word === 'COPY') copy(rest.split(/\s+/))
  else if (word === 'RUN') execSync(rest, { cwd: stage.workdir, stdio: 'inherit', env: { ...process.env, ...stage.env } })
  else if (word === 'ENTRYPOINT') entrypoint = JSON.parse(rest)
  else if (!['USER', 'EXPOSE', 'STOPSIGNAL', 'CMD'].includes(word)) throw new Error(`unknown step: ${line}`)
}
try {
  await start()
} finally {
  rmSync(root, { recursive: true, force: true })
}

function openStage(name) {
  const made = { root: join(root, name), workdir: '', env: {} }
  stages.set(name, made)
  return made
}

function copy(words) {
  const from = /^--from=(.*)$/.exec(words[0])?.[1]
  const paths = from === undefined ? words : words.slice(1)
  const target = paths.at(-1)
  for (const path of paths.slice(0, -1)) {
    const origin = from === undefined ? join(source, path) : join(stages.get(from).root, path)
    const into = target.endsWith('/') ? join(stage.workdir, target, basename(path)) : join(stage.workdir, target)
    cpSync(origin, into, { recursive: true, verbatimSymlinks: true })
  }
}

async function start() {
  const [listen, admin] = [await freePort(), await freePort()]
  const config = join(root, 'routing.yaml')
  writeFileSync(
    config,
    `listen: 127.0.0.1:${listen}
admin: { address: "127.0.0.1:${admin}" }
upstreams: { a: "http://127.0.0.1:1", b: "http://127.0.0.1:2" }
routes: [{ name: r, match: { prefix: / }, primary: a, shadows: [{ upstream: b, percent: 100 }] }]
sinks: { file: { path: ${join(root, 'pairs.ndjson')} } }
`,
  )
  const [command, ...args] = entrypoint
  const child = spawn(command, [...args, 'serve', '-c', config], { cwd: stage.workdir, stdio: ['ignore', 'ignore', 'inherit'] })
  const exited = new Promise(done => child.once('exit', code => done(code)))
  try {
    await untilReady(`http://127.0.0.1:${admin}/readyz`)
  } finally {
    child.kill('SIGTERM')
  }
  const code = await exited
  if (code !== 0) throw new Error(`the image's program ended with ${code} after SIGTERM`)
  console.log('image: started, ready, stopped with 0')
}

async function untilReady(url) {
  for (let i = 0; i < 150; i++) {
    const status = await fetch(url).then(answer => answer.status, () => 0)
    if (status === 200) return
    await new Promise(done => setTimeout(done, 100))
  }
  throw new Error(`${url} did not become ready in 15 s`)
}

function freePort() {
  return new Promise(done => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}
