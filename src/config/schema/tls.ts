import { block, flag, text } from './scalars.ts'

const pem = () => text('a path or PEM text', 'paths are relative to the routing file').min(1)

/** How Understudy serves TLS to clients. */
export const serverTls = block({
  cert: pem().describe('Certificate chain in PEM: a path relative to the routing file, or the text itself.'),
  key: pem().describe('Private key in PEM: a path relative to the routing file, or the text itself.'),
  ca: pem().nullable().default(null).describe('Certificate authorities that client certificates are checked against.'),
  client_auth: flag().default(false).describe('Refuse clients without a certificate signed by `ca`.'),
})

/** How Understudy calls a server over TLS. */
export const clientTls = block({
  ca: pem().nullable().default(null).describe('Certificate authorities to trust instead of those of Node.js.'),
  cert: pem().nullable().default(null).describe('Client certificate chain in PEM; needs `key`.'),
  key: pem().nullable().default(null).describe('Private key of the client certificate in PEM.'),
  servername: text('a host name')
    .min(1)
    .nullable()
    .default(null)
    .describe('Name to ask for (SNI) and to verify instead of the host of the endpoint.'),
  insecure: flag().default(false).describe('Skip the verification of the certificate. Logged at each start.'),
})
