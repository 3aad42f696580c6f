import { isIPv6 } from 'node:net'

const GROUPS = 8
/** Of the eight groups of an IPv6 address those that name the network. */
const NETWORK_GROUPS = 4
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/**
 * What an address is counted by: an IPv6 address by its first 64 bits, for whoever has one has all that begin so; an
 * IPv4 address, written as either, by itself.
 */
export function networkOf(address: string): string {
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  const between = Array.from({ length: GROUPS - before.length - after.length }, () => 0)
  const network = [...before, ...between, ...after].slice(0, NETWORK_GROUPS)
  return `${network.map((group) => group.toString(16)).join(':')}::/64`
}

function groupsOf(text: string): number[] {
  // Four bytes in the way of IPv4 stand for the last two groups, which are none of the network.
  return text === ''
    ? []
    : text.split(':').flatMap((group) => (group.includes('.') ? [0, 0] : Number.parseInt(group, 16)))
}
