import { failureReason } from './failure-reason.ts'
import { UsageError } from './options.ts'

const DEFAULT_ADMIN = 'http://127.0.0.1:9090'

/** Where the admin API is, and what opens it. */
export interface AdminSource {
  readonly admin: URL
  readonly token: string | undefined
}

export type Asked =
  | { readonly kind: 'answered'; readonly text: string; readonly contentType: string }
  /** Why there is no answer, for the user. */
  | { readonly kind: 'failed'; readonly why: string }

/** From `--admin` and `--token`. @throws UsageError */
export function adminSource(values: { readonly admin?: string; readonly token?: string }): AdminSource {
  const admin = values.admin ?? DEFAULT_ADMIN
  const withScheme = admin.includes('://') ? admin : `http://${admin}`
  if (!URL.canParse(withScheme)) throw new UsageError(`--admin needs a URL, for example ${DEFAULT_ADMIN}`)
  return { admin: new URL(withScheme), token: values.token ?? process.env['UNDERSTUDY_TOKEN'] }
}

/** One GET of the admin API. */
export async function askAdmin(
  source: AdminSource,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Asked> {
  const { admin, token } = source
  const url = new URL(path, admin)
  url.search = new URLSearchParams(query).toString()
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  try {
    const response = await fetch(url, { headers })
    const text = await response.text()
    if (response.ok) return { kind: 'answered', text, contentType: response.headers.get('content-type') ?? '' }
    return { kind: 'failed', why: whyRefused(source, response.status, text) }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const why = failureReason(cause, { authority: 'NODE_EXTRA_CA_CERTS', name: null })
    return {
      kind: 'failed',
      why: `cannot reach the admin address ${admin.origin} (${why}); is it running, and is --admin right?`,
    }
  }
}

export function notUnderstudy({ admin }: AdminSource): string {
  return `${admin.origin} answers, but not like the admin address of Understudy; is --admin right?`
}

function whyRefused(source: AdminSource, status: number, text: string): string {
  const reason = reasonIn(text)
  if (reason === null) return `${notUnderstudy(source)} (its status was ${status})`
  if (status !== 401) return `${source.admin.origin} answered ${status}: ${reason}`
  return source.token === undefined
    ? `${source.admin.origin} needs its admin.token: give --token, or set UNDERSTUDY_TOKEN`
    : `${source.admin.origin} does not take this token: --token, or else UNDERSTUDY_TOKEN, must be its admin.token`
}

/** null: it is not an error of ours. */
function reasonIn(text: string): string | null {
  try {
    const { error } = JSON.parse(text) as { readonly error?: unknown }
    return typeof error === 'string' ? error : null
  } catch {
    return null
  }
}
