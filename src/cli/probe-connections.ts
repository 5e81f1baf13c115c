import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ClientTlsPlan, UpstreamPlan } from '../config/snapshot.ts'
import type { HostPort } from '../config/units.ts'

/** A connection, over TLS where `overTls` says so. */
export interface ConnectionPlan {
  readonly address: HostPort
  readonly overTls: boolean
  readonly tls: ClientTlsPlan | null
  readonly timeoutMs: number
}

/** Resolves once a connection (and its TLS handshake) stood; it is closed at once. */
export function probeConnection({ address, overTls, tls, timeoutMs }: ConnectionPlan): Promise<void> {
  return new Promise((done, fail) => {
    const socket: Socket = overTls ? connectTls({ ...address, ...tlsOptions(address, tls) }) : connectTcp(address)
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs)
    socket.once(overTls ? 'secureConnect' : 'connect', () => {
      done()
      socket.destroy()
    })
    socket.once('error', fail)
    socket.once('close', () => {
      clearTimeout(timer)
      fail(new Error('the connection was closed during the handshake'))
    })
  })
}

/** One health check, as the proxy will make them. */
export function probeHealth({ address, overTls, tls }: ConnectionPlan, upstream: UpstreamPlan, authority: string) {
  const { health, host, timeouts } = upstream
  const path = health.path ?? '/'
  const timeoutMs = timeouts.connectMs + timeouts.firstByteMs
  const headers = { host: host.kind === 'literal' ? host.value : authority, 'user-agent': 'understudy-health-check' }
  const asked = { ...address, path, headers, agent: false }
  return new Promise<void>((done, fail) => {
    const request = overTls ? httpsRequest({ ...asked, ...tlsOptions(address, tls) }) : httpRequest(asked)
    const timer = setTimeout(() => request.destroy(new Error(`no answer to ${path} within ${timeoutMs} ms`)), timeoutMs)
    request.once('response', ({ statusCode = 0 }) => {
      if (statusCode >= 200 && statusCode < 300) done()
      else fail(new Error(`answers ${statusCode} to ${path} (health.path), which counts as broken`))
      request.destroy()
    })
    request.once('error', fail)
    request.once('close', () => clearTimeout(timer))
    request.end()
  })
}

function tlsOptions(address: HostPort, plan: ClientTlsPlan | null) {
  const servername = plan?.servername ?? (isIP(address.host) === 0 ? address.host : undefined)
  return {
    rejectUnauthorized: plan?.insecure !== true,
    ...(servername === undefined ? {} : { servername }),
    ...(plan?.ca ? { ca: plan.ca } : {}),
    ...(plan?.cert && plan.key ? { cert: plan.cert, key: plan.key } : {}),
  }
}
