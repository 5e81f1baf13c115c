import type { ProxyProcess } from './proxy-process.ts'
import { NGINX_PREAMBLE, runNginx } from './run-nginx.ts'
import { freePort } from './wait-for-port.ts'

/**
 * - `head`: answers as soon as it has the head. For bodies that come in the same packet there is no difference.
 * - `body`: answers when it has read the whole body, as a model server must.
 */
export type AnswerAfter = 'head' | 'body'

const STATUS_PATH = '/nginx-status'

/**
 * A stand-in for a model server that costs next to nothing: on a machine with few cores one in JavaScript would be what
 * limits the proxy. Every request gets the same answer.
 */
export class NginxModelServer {
  readonly port: number
  readonly #process: ProxyProcess
  #asked = 0

  private constructor(port: number, process: ProxyProcess) {
    this.port = port
    this.#process = process
  }

  static async start(answer: string, after: AnswerAfter): Promise<NginxModelServer> {
    const port = await freePort()
    return new NginxModelServer(port, await runNginx(modelServerConfiguration(port, answer, after), port))
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Requests since it was started, those to this method left out. */
  async requests(): Promise<number> {
    this.#asked++
    const status = await (await fetch(this.url + STATUS_PATH, { headers: { connection: 'close' } })).text()
    return requestsOf(status) - this.#asked
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}

/** The configuration. `answer` is JSON without single quotes, dollars and backslashes, which nginx would interpret. */
export function modelServerConfiguration(port: number, answer: string, after: AnswerAfter): string {
  if (/['$\\]/.test(answer)) throw new Error('nginx would change this answer')
  const give = `default_type application/json; return 200 '${answer}';`
  const lines = [
    ...NGINX_PREAMBLE,
    '  server {',
    `    listen 127.0.0.1:${port} backlog=4096;`,
    ...(after === 'head' ? [`    location / { ${give} }`] : readingLocations(give)),
    `    location = ${STATUS_PATH} { stub_status; }`,
    '  }',
    '}',
  ]
  return `${lines.join('\n')}\n`
}

/** `return` does not wait for the body. `mirror` does, before the request fails to find its file and gets the answer. */
function readingLocations(give: string): string[] {
  return [
    '    root missing; log_not_found off; open_file_cache max=16; open_file_cache_errors on;',
    '    location / { mirror /read; error_page 404 405 =200 @answer; }',
    '    location = /read { internal; return 204; }',
    `    location @answer { ${give} }`,
  ]
}

/** The third of the three numbers below `server accepts handled requests`. */
export function requestsOf(status: string): number {
  const match = /^ [0-9]+ [0-9]+ ([0-9]+) $/m.exec(status)
  if (match === null) throw new Error(`not the status of nginx: ${JSON.stringify(status)}`)
  return Number(match[1])
}
