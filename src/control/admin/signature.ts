/** Who makes a change, and why: every change needs both. */
export interface Signature {
  readonly actor: string
  readonly reason: string
}

/** They are kept in logs and in the audit log: a line or two, not a file. */
const CHARACTERS_MAX = 1_000

/** Reads `actor` and `reason`. @returns them trimmed, or what is wrong with them. */
export function readSignature({ actor, reason }: Readonly<Record<string, unknown>>): Signature | string {
  if (!isText(actor)) return 'actor must say who makes the change'
  if (!isText(reason)) return 'reason must say why'
  if (actor.length > CHARACTERS_MAX || reason.length > CHARACTERS_MAX) {
    return `actor and reason may have ${CHARACTERS_MAX} characters each`
  }
  return { actor: actor.trim(), reason: reason.trim() }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}
