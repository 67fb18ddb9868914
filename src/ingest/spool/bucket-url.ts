import { SettingError } from '../../setting-error.ts';

/** A bucket, or a part of it. */
export interface BucketLocation {
  readonly bucket: string;
  /** Ends with a slash, unless it is empty. */
  readonly prefix: string;
  /** Null: as AWS_REGION or the configuration files of AWS say. */
  readonly region: string | null;
  /** Null: AWS itself. */
  readonly endpoint: string | null;
}

const EXPECTED = 'expected s3://bucket/prefix?region=eu-central-1, with &endpoint=https://host for another provider';

/**
 * @param url of THENA_SPOOL_URL
 * @throws SettingError
 */
export function parseBucketUrl(url: URL): BucketLocation {
  const refuse = (why: string): SettingError => new SettingError(`Invalid THENA_SPOOL_URL: ${why}; ${EXPECTED}.`);
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host)) throw refuse('it has no valid bucket name');
  for (const name of new Set(url.searchParams.keys())) {
    if (name !== 'region' && name !== 'endpoint') throw refuse('it has an unknown parameter');
    if (url.searchParams.getAll(name).length > 1) throw refuse(`it has the parameter ${name} twice`);
  }
  const region = url.searchParams.get('region') || null;
  if (region !== null && !/^[a-z0-9-]{1,64}$/.test(region)) throw refuse('the region is invalid');
  const endpoint = url.searchParams.get('endpoint') || null;
  if (endpoint !== null && !isEndpoint(endpoint)) throw refuse('the endpoint is no http or https URL without a path');
  const prefix = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  return { bucket: url.host, prefix: prefix === '' ? '' : `${prefix}/`, region, endpoint };
}

function isEndpoint(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && /^\/?$/.test(url.pathname);
}
