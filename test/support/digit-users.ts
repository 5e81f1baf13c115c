import { setTimeout as sleep } from 'node:timers/promises'
import { loadDigits, splitDigits, type Digit } from '../../src/cli/demo/digits.ts'
import { seededRandom, shuffled } from '../../src/cli/demo/random.ts'
import { INFER_PATH } from '../../src/cli/demo/routing-file.ts'
import { inferBody } from '../../src/cli/demo/traffic.ts'
import { inParallel, type SteadyClient } from './steady-client.ts'

export type Arm = 'primary' | 'canary'

const SEED = 5
/** Leaves a core to the models and the proxy. */
const PAUSE_MS = 6
const ROUNDS_OF_A_USER = 2
const CROWD = 8

/** Held-out images in a fixed mixed order, half of them eights: what a candidate that lost them does shows soon. */
function mixedImages(): Digit[] {
  const { heldOut } = splitDigits(loadDigits())
  const eights = heldOut.filter(({ label }) => label === 8)
  const others = heldOut.filter(({ label }) => label !== 8).slice(0, eights.length)
  return shuffled([...eights, ...others], seededRandom(SEED))
}

/**
 * The users of one route: they send images of digits, one after the other, and note which arm answered. The route is told
 * by the header `x-team`, the user by `x-user-id`.
 */
export class DigitUsers {
  /** Whole answers so far, by the arm that gave them. */
  readonly answers: Record<Arm, number> = { primary: 0, canary: 0 }
  readonly #client: SteadyClient
  readonly #team: string
  readonly #images = mixedImages()
  #newest = 0

  constructor(client: SteadyClient, team: string) {
    this.#client = client
    this.#team = team
  }

  /** One request. Throws unless it is answered with 200. */
  async ask(user: string, image: number): Promise<Arm> {
    const headers = { 'x-team': this.#team, 'x-user-id': user }
    const digit = this.#images[image % this.#images.length] as Digit
    const answer = await this.#client.post(INFER_PATH, inferBody(digit), headers)
    if (answer.status !== 200) throw new Error(`${this.#team} was answered ${answer.status}: ${answer.body.toString()}`)
    const arm = answer.headers['x-understudy-arm'] === 'canary' ? 'canary' : 'primary'
    this.answers[arm]++
    return arm
  }

  /** A new user after the other, each with a few requests, until `isOver`. */
  async comeAndGo(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const user = this.#newest++
      for (let round = 0; round < ROUNDS_OF_A_USER; round++) await this.ask(`user-${user}`, user + round)
      await sleep(PAUSE_MS)
    }
  }

  /** New users who all ask at once, then nobody for a moment, until `isOver`. */
  async comeInCrowds(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const first = this.#newest
      this.#newest += CROWD
      await Promise.all(Array.from({ length: CROWD }, (_, i) => this.ask(`user-${first + i}`, first + i)))
      await sleep(CROWD * PAUSE_MS)
    }
  }

  /** Which share of so many new users the canary serves now, 0 to 1. */
  async canaryShare(users: number): Promise<number> {
    const first = this.#newest
    this.#newest += users
    let canaries = 0
    await inParallel(users, 4, async i => {
      if ((await this.ask(`user-${first + i}`, i)) === 'canary') canaries++
    })
    return canaries / users
  }
}
