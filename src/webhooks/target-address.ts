import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Public addresses at which clouds answer their own machines with secrets. */
const METADATA: readonly string[] = ['168.63.129.16'];

/** The address of a webhook is private, and private ones are not allowed. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/**
 * Whether everyone on the Internet can reach an address: no private, loopback, link-local, multicast, translated or reserved one.
 *
 * @param address as `node:net` and URLs write it, without brackets
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // IPv4 addresses within IPv6 (::ffff:127.0.0.1) are those that the system connects to.
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast' || METADATA.includes(parsed.toString())) return false;
  // Of the rest of IPv6, only 2000::/3 is assigned to the Internet (RFC 4291, section 2.4).
  return parsed.kind() === 'ipv4' || parsed.match(ipaddr.parseCIDR('2000::/3'));
}

/** The host of a URL as `node:net` knows it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** @throws AddressRefused if the host is an address that is not public. Sockets do not look up addresses. */
export function refusePrivateLiteral(host: string): void {
  if (isIP(host) !== 0 && !isPublic(host)) throw new AddressRefused();
}

/**
 * Looks up a host for a socket, which connects to the addresses that were checked: a name server that answers differently the
 * next time changes nothing. A name with any private address is refused as a whole.
 */
export const publicLookup: LookupFunction = (host, options, done) => {
  lookup(host, { ...options, all: true }, (error, addresses: readonly LookupAddress[] = []) => {
    if (error) return done(error, '');
    if (addresses.some(({ address }) => !isPublic(address))) return done(new AddressRefused(), '');
    const [first] = addresses;
    if (options.all) return done(null, [...addresses]);
    return done(null, first?.address ?? '', first?.family);
  });
};
