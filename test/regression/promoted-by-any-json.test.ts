/**
 * `understudy verdict` took whatever JSON came back for a verdict. With `--admin` at another service (its health check
 * says `{"status":"ok"}`) the exit code was that of a verdict that does not exist: undefined, which Node.js takes for 0, and
 * 0 is PROMOTE. In the other formats it was a TypeError. Now an answer must have what is printed, and name a verdict.
 */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runCommand } from '../support/run-command.ts'

const VERDICT = {
  experiment: 'churn.v2.0123abcd',
  verdict: 'ROLLBACK',
  reason: 'agreement harm',
  override: null,
  primary: null,
  candidate: null,
  coverage: { eligible: 1, sampled: 1, paired: 1, lost: {}, bounds: [1, 1] },
  gates: [],
}

/** `verdict` against a service that answers everything with `body`. */
async function verdictOf(body: unknown, output: string) {
  const server = createServer((_request, response) => response.end(JSON.stringify(body))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const admin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { admin, ...(await runCommand(['verdict', 'churn.v2', '--admin', admin, '--output', output])) }
}

test.each([
  ['json', { status: 'ok' }],
  ['text', { ...VERDICT, verdict: 'toString' }],
  ['junit', []],
  ['markdown', { ...VERDICT, gates: {} }],
  ['json', { ...VERDICT, experiment: 7 }],
  ['text', { experiment: 'churn.v2', verdict: 'PROMOTE', gates: [] }],
])('as %s, JSON that is no verdict is another service, and promotes nothing', async (output, body) => {
  const { admin, code, stdout, stderr } = await verdictOf(body, output)
  const said = `${admin} answers, but not like the admin address of Understudy; is --admin right?`
  expect({ code, stdout, stderr }).toEqual({ code: 3, stdout: '', stderr: `understudy verdict: ${said}\n` })
})

test('a verdict is one', async () => {
  expect((await verdictOf(VERDICT, 'text')).code).toBe(10)
})
