import { NginxModelServer, type AnswerAfter } from './nginx-model-server.ts'
import { StandIn } from './stand-in.ts'
import type { Tools } from './tools.ts'

/** The two model servers behind all contestants of a section. */
export interface ModelServers {
  readonly primaryPort: number
  readonly shadow: { readonly url: string }
  /** Copies that have arrived at the shadow since it was started. */
  arrived(): Promise<number>
  stop(): Promise<void>
}

/** nginx where there is one. The stand-ins that take its place give their own, small answer, whatever is asked for. */
export async function startModelServers(
  { nginx }: Pick<Tools, 'nginx'>,
  answer: string,
  after: AnswerAfter,
): Promise<ModelServers> {
  return nginx === null ? startStandIns() : startNginxes(answer, after)
}

async function startNginxes(answer: string, after: AnswerAfter): Promise<ModelServers> {
  const primary = await NginxModelServer.start(answer, after)
  const shadow = await NginxModelServer.start(answer, after)
  return {
    primaryPort: primary.port,
    shadow,
    arrived: () => shadow.requests(),
    stop: async () => {
      await primary.stop()
      await shadow.stop()
    },
  }
}

async function startStandIns(): Promise<ModelServers> {
  const primary = await StandIn.start('healthy', 'primary')
  const shadow = await StandIn.start('healthy', 'shadow')
  return {
    primaryPort: primary.port,
    shadow,
    arrived: async () => (await shadow.counts()).requests,
    stop: async () => {
      await primary.stop()
      await shadow.stop()
    },
  }
}
