/** The process behind `startHttpProxy`: `http-proxy` as its documentation has it, with connections kept to the primary. */
import { Agent, createServer, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import httpProxy from 'http-proxy'

const [primaryPort] = process.argv.slice(2).map(Number)

const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const proxy = httpProxy.createProxyServer({ target: `http://127.0.0.1:${primaryPort}`, agent })
proxy.on('error', (_error, _request, answer) => {
  if (answer instanceof ServerResponse && !answer.headersSent) answer.writeHead(502)
  answer.end()
})
const server = createServer((request, answer) => proxy.web(request, answer))
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
