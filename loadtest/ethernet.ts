import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Set inside: the machine's `net.ipv4.tcp_mem`, which is not to be read there. */
const TCP_MEM = 'UNDERSTUDY_TCP_MEM'
const LINK = 'ip link set lo mtu 1500 up'

/**
 * Runs this very command again in a network of its own whose packets are as large as Ethernet's, and ends with it. Loopback's
 * are 64 KiB: the kernel then takes 0.4 to 0.8 MB for a client that reads nothing, which it never does over a real network.
 * Needs root, unshare (util-linux) and ip (iproute2).
 * @returns whether it runs in such a network now; false: it cannot be had here, which has been said.
 */
export function enterEthernet(): boolean {
  if (process.env[TCP_MEM] !== undefined) return true
  if (spawnSync('unshare', ['-n', 'sh', '-c', LINK], { stdio: 'ignore' }).status !== 0) {
    console.error(
      "!! NO RIGHT TO MAKE A NETWORK (root, unshare, ip): with loopback's packets the kernel reads for slow clients",
    )
    return false
  }
  const again = ['-n', 'sh', '-c', `${LINK} && exec "$0" "$@"`, process.execPath, ...process.argv.slice(1)]
  const env = { ...process.env, [TCP_MEM]: readFileSync('/proc/sys/net/ipv4/tcp_mem', 'latin1') }
  const { status } = spawnSync('unshare', again, { stdio: 'inherit', env })
  process.exit(status ?? 1)
}

/** The machine's marks for the memory of TCP connections, in pages. */
export function tcpMemoryMarks(): string {
  return process.env[TCP_MEM] ?? readFileSync('/proc/sys/net/ipv4/tcp_mem', 'latin1')
}
