import { networkInterfaces } from 'node:os'

/** Whether there is an IPv6 loopback: containers often have none. */
export const HAS_IPV6 = Object.values(networkInterfaces()).some(each => each?.some(({ address }) => address === '::1'))
