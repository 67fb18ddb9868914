import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Config } from '../../config.ts';
import { Problem } from '../../errors.ts';
import { type CustomerAccess, dangerouslyAllow, type Right } from '../../model/customer-access.ts';
import { type CustomerId, parseCustomerId, parseUploadId } from '../../model/ids.ts';
import { customerNotFound, uploadNotFound } from '../../model/not-found.ts';
import { bearerKey, hashKey, sameKey } from './api-keys.ts';
import { refuseOtherOrigins } from './same-origin.ts';

/** What a caller needs for a route; `public` routes tell nothing about anyone. */
export type RequiredRight = Right | 'public';

/** What the caller of one request may reach. Handlers get accesses from here and nowhere else. */
export interface Scope {
  /** The customer whose key it is; null for an administrator, and where there are no keys. */
  readonly caller: CustomerId | null;
  /** @throws Problem customer_id_missing, customer_id_invalid; customer_not_found, alike for absent and others' */
  customer(rawId: unknown): Promise<CustomerAccess>;
  /** As `customer`; without keys, an absent customer is let in: it appears with its first upload. */
  customerForUpload(rawId: unknown): Promise<CustomerAccess>;
  /** @throws Problem upload_not_found, alike for absent, malformed and others' */
  upload(rawId: unknown): Promise<{ readonly access: CustomerAccess; readonly upload: Upload }>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Required of every route. */
    right?: RequiredRight;
  }
  interface FastifyRequest {
    scope: Scope;
  }
}

type Caller =
  | { readonly kind: 'anyone' | 'admin' }
  | { readonly kind: 'customer'; readonly customerId: CustomerId; readonly rights: readonly Right[] };

/** Whom and what requests can be about. */
export type Known = Pick<Catalog, 'findCustomer' | 'findKeyByHash' | 'findUpload'>;

export type AccessSettings = Pick<Config, 'auth' | 'adminKey' | 'host' | 'allowedHosts'>;

/** Looks at every request before anything else does: who is calling, and may they use this route? */
export function guardRequests(app: FastifyInstance, settings: AccessSettings, known: Known): void {
  app.decorateRequest('scope');
  app.addHook('onRequest', async (request) => {
    if (settings.auth === 'open') refuseOtherOrigins(request.raw, settings.host, settings.allowedHosts);
    if (request.is404) return;
    const { right } = request.routeOptions.config;
    if (right === undefined) throw new Error(`${request.routeOptions.url} does not say who may call it`);
    if (right === 'public') return;
    const caller = await identify(request, settings, known);
    if (caller.kind === 'customer' && !caller.rights.includes(right)) {
      throw new Problem('key_lacks_right', `This call needs the right '${right}', and the key has not got it.`);
    }
    request.scope = scopeOf(caller, known);
  });
}

/** Makes the server refuse to be built where a route does not say who may call it. */
export function refuseUnguardedRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.right === undefined) throw new Error(`the route ${route.url} does not say who may call it`);
  });
}

async function identify(request: FastifyRequest, settings: AccessSettings, known: Known): Promise<Caller> {
  if (settings.auth === 'open') return { kind: 'anyone' };
  const key = bearerKey(request.headers.authorization);
  if (key === null) throw new Problem('key_missing', 'The request has no header `Authorization: Bearer <key>`.');
  if (settings.adminKey !== null && sameKey(key, settings.adminKey)) return { kind: 'admin' };
  const found = await known.findKeyByHash(hashKey(key));
  if (!found) throw new Problem('key_invalid', 'The key is not known here, or has been revoked.');
  return { kind: 'customer', customerId: found.customerId, rights: found.rights };
}

/** The leave that a file's sender was given when it began, for a file that became whole and whose sender is gone. */
export function accessToFinish(file: Pick<CustomerAccess, 'customerId' | 'customerMayAppear'>): CustomerAccess {
  return dangerouslyAllow(file.customerId, file.customerMayAppear);
}

function scopeOf(caller: Caller, known: Known): Scope {
  const mayReach = (id: CustomerId): boolean => caller.kind !== 'customer' || caller.customerId === id;

  async function existing(id: CustomerId): Promise<CustomerAccess> {
    // Others' customers are not looked up, so that not even the time it takes tells whether they are there.
    const customer = mayReach(id) ? await known.findCustomer(id) : null;
    if (!customer) throw customerNotFound(id);
    return dangerouslyAllow(id);
  }

  return {
    caller: caller.kind === 'customer' ? caller.customerId : null,
    customer: (rawId) => existing(readCustomerId(rawId)),
    async customerForUpload(rawId) {
      const id = readCustomerId(rawId);
      return caller.kind === 'anyone' ? dangerouslyAllow(id, true) : existing(id);
    },
    async upload(rawId) {
      const id = parseUploadId(rawId);
      const upload = id && (await known.findUpload(id));
      if (!upload || !mayReach(upload.customerId)) {
        throw uploadNotFound(String(rawId));
      }
      return { access: dangerouslyAllow(upload.customerId), upload };
    },
  };
}

function readCustomerId(rawId: unknown): CustomerId {
  if (rawId === undefined || rawId === null || rawId === '') {
    throw new Problem('customer_id_missing', 'The request has no customer_id.');
  }
  const id = parseCustomerId(rawId);
  if (id) return id;
  throw new Problem('customer_id_invalid', `${JSON.stringify(rawId)?.slice(0, 120)} cannot be a customer id.`);
}
