import { promisify } from 'node:util';
import { Problem } from '../errors.ts';
import { AddressRefused, hostOf, publicLookup, refusePrivateLiteral } from './target-address.ts';

const MAX_LENGTH = 2_000;

const lookUp = promisify(publicLookup) as (host: string, options: { readonly all: true }) => Promise<unknown>;

/**
 * Checks the URL of a webhook when it is given. Its address is checked again by every attempt, since names can get other
 * addresses. A name that does not resolve is accepted: it may later.
 *
 * @returns the URL in its usual form
 * @throws Problem webhook_url_invalid, webhook_address_refused
 */
export async function checkUrl(text: string, allowPrivate: boolean): Promise<string> {
  const url = parse(text);
  if (allowPrivate) return url.href;
  const host = hostOf(url);
  try {
    refusePrivateLiteral(host);
    await lookUp(host, { all: true });
  } catch (error) {
    if (!(error instanceof AddressRefused)) return url.href;
    const detail = `'${host.slice(0, 255)}' is not a public address, or has one that is not.`;
    throw new Problem('webhook_address_refused', detail);
  }
  return url.href;
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw invalid('The text is not an absolute URL.');
  if (!['http:', 'https:'].includes(url.protocol))
    throw invalid(`The scheme '${url.protocol.slice(0, 20)}' is unknown.`);
  if (url.username !== '' || url.password !== '') throw invalid('The URL contains a user name or a password.');
  if (url.hash !== '') throw invalid('The URL contains a fragment.');
  if (url.href.length > MAX_LENGTH) throw invalid(`The URL has ${url.href.length} characters.`);
  return url;
}

function invalid(detail: string): Problem {
  return new Problem('webhook_url_invalid', detail);
}
