import type { FastifyInstance } from 'fastify';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Config } from '../../config.ts';
import { type ErrorCode, Problem } from '../../errors.ts';
import { type CustomerAccess, dangerouslyAllow, mayAccessUpload, type Right } from '../../model/customer-access.ts';
import { type CustomerId, parseCustomerId, parseUploadId } from '../../model/ids.ts';
import { customerNotFound, uploadNotFound } from '../../model/not-found.ts';
import { authenticate, type Caller, type KnownKeys } from './authenticate.ts';
import { refuseOtherOrigins } from './same-origin.ts';

/**
 * The permission that a route requires, or several of which one is enough to enter it. `public` routes need no key: they reveal
 * nothing about any customer.
 */
export type RequiredRight = Right | readonly Right[] | 'public';

/** What the caller of a request may access. Handlers get every {@link CustomerAccess} from here. */
export interface Scope {
  /** The customer that the API key belongs to; null for the administrator, and if the server runs without keys. */
  readonly caller: CustomerId | null;
  /**
   * Checks again whether the caller's key or session is valid, for responses that take long.
   *
   * @throws Problem key_invalid, session_ended
   */
  confirm(): Promise<void>;
  /**
   * @throws Problem customer_id_missing, customer_id_invalid; customer_not_found, also for customers that the caller may not
   *   access
   */
  customer(rawId: unknown): Promise<CustomerAccess>;
  /** Like `customer`. Without keys, the customer need not exist: its first upload creates it. */
  customerForUpload(rawId: unknown): Promise<CustomerAccess>;
  /**
   * Finds an upload that was sent with the caller's key, or any of the customer if the key has the right to read.
   *
   * @param right that the request requires for uploads that were sent with other keys. Default: read
   * @throws Problem upload_not_found, also for malformed IDs and uploads that the caller may not know of; key_lacks_right if the
   *   caller may know of the upload, and that is all
   */
  upload(rawId: unknown, right?: Right): Promise<{ readonly access: CustomerAccess; readonly upload: Upload }>;
}

/** The problems of `Scope.customer` with an ID from the path, for the documentation of routes. */
export const CUSTOMER_PROBLEMS = ['customer_id_invalid', 'customer_not_found'] as const satisfies readonly ErrorCode[];

/** The rights of those who may follow an upload: all uploads of the customer, or those of their own key. */
export const FOLLOWERS = ['read', 'upload'] as const satisfies readonly Right[];

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route must set it. */
    right?: RequiredRight;
    /** Whether people open the route as a link, so that browsers may ask for a password. */
    isLink?: boolean;
  }
  interface FastifyRequest {
    scope: Scope;
  }
}

/** Finds what requests refer to. */
export type Known = KnownKeys & Pick<Catalog, 'findCustomer' | 'findUpload'>;

export type AccessSettings = Pick<Config, 'auth' | 'adminKey' | 'host' | 'allowedHosts'>;

/** Authenticates every request and checks the permission of its route, before anything else happens. */
export function guardRequests(app: FastifyInstance, settings: AccessSettings, known: Known): void {
  app.decorateRequest('scope');
  app.addHook('onRequest', async (request) => {
    if (settings.auth === 'open') refuseOtherOrigins(request.raw, settings.host, settings.allowedHosts);
    if (request.is404) return;
    const { right } = request.routeOptions.config;
    if (right === undefined) throw missingRight(request.routeOptions.url);
    if (right === 'public') return;
    const caller = await authenticate(request.raw, settings, known);
    if (caller.kind === 'customer' && ![right].flat().some((each) => caller.rights.includes(each))) {
      throw keyLacksRight(right);
    }
    request.scope = scopeOf(caller, known, async () => {
      await authenticate(request.raw, settings, known);
    });
  });
}

/** Lets no server be built with a route that requires no permission by mistake. */
export function refuseUnguardedRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.right === undefined) throw missingRight(route.url);
  });
}

function missingRight(url: string | undefined): Error {
  return new Error(`the route ${url} does not set config.right`);
}

/** The access with which a resumable upload was started, to finish it after its client has disconnected. */
export function accessToFinish(file: Omit<CustomerAccess, symbol>): CustomerAccess {
  return dangerouslyAllow(file.customerId, file);
}

function scopeOf(caller: Caller, known: Known, confirm: Scope['confirm']): Scope {
  const mayAccess = (id: CustomerId): boolean => caller.kind !== 'customer' || caller.customerId === id;
  const allow = (id: CustomerId): CustomerAccess => dangerouslyAllow(id, caller.kind === 'customer' ? caller : {});

  async function existing(id: CustomerId): Promise<CustomerAccess> {
    // Other customers are not looked up, so that the response time does not reveal whether they exist.
    const customer = mayAccess(id) ? await known.findCustomer(id) : null;
    if (!customer) throw customerNotFound(id);
    return allow(id);
  }

  return {
    caller: caller.kind === 'customer' ? caller.customerId : null,
    confirm,
    customer: (rawId) => existing(readCustomerId(rawId)),
    async customerForUpload(rawId) {
      const id = readCustomerId(rawId);
      return caller.kind === 'anyone' ? dangerouslyAllow(id, { customerMayAppear: true }) : existing(id);
    },
    async upload(rawId, right = 'read') {
      const id = parseUploadId(rawId);
      const upload = id && (await known.findUpload(id));
      if (!upload || !mayAccess(upload.customerId)) throw uploadNotFound(String(rawId));
      const access = allow(upload.customerId);
      if (mayAccessUpload(access, upload, right)) return { access, upload };
      throw mayAccessUpload(access, upload) ? keyLacksRight(right) : uploadNotFound(String(rawId));
    },
  };
}

function keyLacksRight(right: Right | readonly Right[]): Problem {
  const names = [right].flat().map((name) => `\`${name}\``);
  return new Problem('key_lacks_right', `The API key lacks the ${names.join(' or ')} permission.`);
}

/** @throws Problem customer_id_missing, customer_id_invalid */
export function readCustomerId(rawId: unknown): CustomerId {
  if (rawId === undefined || rawId === null || rawId === '') {
    throw new Problem('customer_id_missing', 'The request has no customer_id.');
  }
  const id = parseCustomerId(rawId);
  if (id) return id;
  throw new Problem('customer_id_invalid', `${JSON.stringify(rawId)?.slice(0, 120)} is not a valid customer ID.`);
}
