import { READ_BODY_BYTES } from '../dataplane/routing/body-json.ts'
import type { DecisionExplanation, ShadowExplanation } from './explain-copies.ts'
import type { Explanation, UnitExplanation } from './explanation.ts'

/** The explanation as lines for people. */
export function explanationText(explanation: Explanation): string {
  const { request, tried, refused, arm, shadows, control, unit } = explanation
  const lines = [row('request', `${request.method} ${request.path}, ${request.bodyBytes} bytes of body`)]
  for (const { route, mismatch } of tried) {
    const why = mismatch === 'model' ? ` (${modelText(request)})` : ''
    lines.push(
      row('route', mismatch === null ? `${route}: matches` : `${route}: does not match, its ${mismatch} differs${why}`),
    )
  }
  if (refused !== null) lines.push(row('answer', `${refused.status} by Understudy: ${refused.reason}`))
  if (arm !== null) {
    const why = arm.decision === null ? 'the route has no canary' : decisionText(arm.decision)
    lines.push(row('arm', `${arm.arm} (${arm.upstream}): ${why}`))
  }
  for (const shadow of shadows) lines.push(...copyLines('shadow', shadow))
  if (control !== null) lines.push(...copyLines('control', control))
  if (unit !== null) lines.push(row('vote', unitText(unit)))
  return lines.join('\n')
}

function copyLines(role: 'shadow' | 'control', copy: ShadowExplanation): string[] {
  const what = copy.reason === null ? 'gets a copy' : `no copy, ${copy.reason}`
  return [
    row(role, `${copy.upstream}: ${what}; ${decisionText(copy.decision)}`),
    ...(copy.path === null ? [] : [row('', `copies ask for ${copy.path}`)]),
    ...(copy.setBody === null ? [] : [row('', `set in their body: ${copy.setBody}`)]),
    row('', `experiment ${copy.experiment}`),
    row('', payloadText(copy.payload)),
  ]
}

function unitText({ source, key }: UnitExplanation): string {
  if (key === null) return `one of its own: the request has no ${source}`
  return `the one of ${source} = ${JSON.stringify(key)}, in each experiment`
}

function modelText({ model, bodyBytes }: Explanation['request']): string {
  if (model !== null) return `the body names ${JSON.stringify(model)}`
  if (bodyBytes > READ_BODY_BYTES) return `the body is over ${READ_BODY_BYTES} bytes and not read`
  return 'the body names none'
}

function payloadText(payload: ShadowExplanation['payload']): string {
  if (payload === null) return 'answers are not compared: compare is off'
  return payload.format === null ? `answers: ${payload.why}` : `answers are read as ${payload.format}: ${payload.why}`
}

function decisionText(decision: DecisionExplanation): string {
  const relation = decision.chosen ? 'below' : 'not below'
  const key = decision.key === null ? 'at random' : `by ${decision.source} = ${JSON.stringify(decision.key)}`
  const missing =
    decision.key === null && decision.source !== 'none' ? ` because the request has no ${decision.source}` : ''
  return `bucket ${decision.bucket.toFixed(4)} is ${relation} ${decision.percent} percent, ${key}${missing}`
}

function row(label: string, text: string): string {
  return `${label.padEnd(9)}${text}`.trimEnd()
}
