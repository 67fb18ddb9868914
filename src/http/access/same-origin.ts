import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Problem } from '../../errors.ts';

const LOOPBACK_NAME = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Protects a server without API keys from web pages of other origins, and from DNS rebinding: host names that an attacker
 * made to resolve to this machine.
 *
 * @throws Problem host_refused, origin_refused
 */
export function refuseOtherOrigins(request: IncomingMessage, listening: string, allowed: readonly string[]): void {
  const { host = '', origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers;
  const name = hostName(host);
  const own = [inUrl(listening), inUrl(request.socket.localAddress ?? ''), ...allowed.map(inUrl)];
  if (!LOOPBACK_NAME.test(name) && !own.includes(name)) {
    throw new Problem('host_refused', `The host name '${host}' is not allowed.`);
  }
  if (origin !== undefined && !isOriginOf(origin, host)) {
    throw new Problem('origin_refused', `Pages from ${origin} may not call ${host}.`);
  }
  // Browsers send no Origin with a GET. Following a link is harmless: the page with the link cannot read the response.
  const followsLink = mode === 'navigate' && (request.method === 'GET' || request.method === 'HEAD');
  if ((site === 'cross-site' || site === 'same-site') && !followsLink) {
    throw new Problem('origin_refused', `Pages of other sites may not call ${host}.`);
  }
}

/**
 * Who sent a request, by the headers that browsers add and pages cannot change: a page of this server, a page of another origin, or
 * neither, which are all other programs.
 */
export function senderOf(headers: IncomingHttpHeaders): 'own_page' | 'other_page' | 'unknown' {
  const { 'sec-fetch-site': site, origin, host = '' } = headers;
  if (site === 'same-origin') return 'own_page';
  if (site === 'cross-site' || site === 'same-site') return 'other_page';
  if (origin === undefined) return 'unknown';
  return isOriginOf(origin, host) ? 'own_page' : 'other_page';
}

function isOriginOf(origin: string, host: string): boolean {
  return ['http', 'https'].some((scheme) => origin.toLowerCase() === `${scheme}://${host.toLowerCase()}`);
}

/** The name in a Host header: without the port, in lower case; IPv6 addresses keep their brackets. */
function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

/** An address in the form that URLs have: IPv6 in brackets, IPv4-mapped IPv6 as IPv4. */
function inUrl(address: string): string {
  const plain = address
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.)/, '');
  return plain.includes(':') ? `[${plain}]` : plain;
}
