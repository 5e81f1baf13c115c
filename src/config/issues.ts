import type { z } from 'zod'
import type { KeyPath, Report } from './problems.ts'
import { suggest } from './suggest.ts'

type Issue = z.core.$ZodIssue

/** Turns what zod found into problems of the file: one per unknown key, and the branch of a union that was meant. */
export function reportIssues(issues: readonly Issue[], report: Report, parent: KeyPath = []): void {
  for (const issue of issues) {
    const path = [...parent, ...issue.path] as KeyPath
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reportUnknownKey([...path, key], key, issue.message.split(' '), report)
    } else if (issue.code === 'invalid_key') {
      const [message, hint] = split((issue.issues[0] ?? issue).message)
      report(path, message, hint, 'key')
    } else if (issue.code === 'invalid_union') {
      const meant = issue.errors.filter(branch => !branch.some(isOtherType))
      if (meant.length === 1) reportIssues(meant[0] as Issue[], report, path)
      else report(path, ...split(issue.message))
    } else {
      report(path, ...split(issue.message))
    }
  }
}

/** The value is not even of the type of this branch, so the user meant another one. */
function isOtherType(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')
}

function reportUnknownKey(path: KeyPath, key: string, known: readonly string[], report: Report): void {
  const near = suggest(key, known)
  const hint = near === null ? `known keys here: ${known.join(', ')}` : `did you mean \`${near}\`?`
  report(path, 'unknown key', hint, 'key')
}

/** See schema/scalars.ts: the message, a line break, the hint. */
function split(text: string): [message: string, hint: string | null] {
  const [message = '', hint = ''] = text.split('\n')
  return [message, hint === '' ? null : hint]
}
