import type { IncomingMessage } from 'node:http';
import { Problem } from '../../errors.ts';

const LOOPBACK_NAME = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The name in a Host header, without its port, in lower case; IPv6 addresses keep their brackets. */
function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

/** An address as it stands in a URL: IPv6 in brackets, IPv4 mapped into IPv6 as IPv4. */
function inUrl(address: string): string {
  const plain = address
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
}

/**
 * What stands in the place of keys where there are none: web pages of other origins, and names that were made to point
 * at this machine (DNS rebinding), are kept out.
 *
 * @throws Problem host_refused, origin_refused
 */
export function refuseOtherOrigins(request: IncomingMessage, listening: string, allowed: readonly string[]): void {
  const { host = '', origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers;
  const name = hostName(host);
  const own = [inUrl(listening), inUrl(request.socket.localAddress ?? ''), ...allowed.map(inUrl)];
  if (!LOOPBACK_NAME.test(name) && !own.includes(name)) {
    throw new Problem('host_refused', `Thena does not answer under the name '${host}'.`);
  }
  if (
    origin !== undefined &&
    !['http', 'https'].some((scheme) => origin.toLowerCase() === `${scheme}://${host.toLowerCase()}`)
  ) {
    throw new Problem('origin_refused', `A page of ${origin} may not call Thena at ${host}.`);
  }
  // Browsers send no Origin with a GET; following a link to a page is harmless, as the page it stands on reads nothing.
  const followsLink = mode === 'navigate' && (request.method === 'GET' || request.method === 'HEAD');
  if ((site === 'cross-site' || site === 'same-site') && !followsLink) {
    throw new Problem('origin_refused', `A page of another site may not call Thena at ${host}.`);
  }
}
