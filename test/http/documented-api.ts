import assert from 'node:assert/strict';
import { Compile } from 'typebox/compile';
import { call, type Reply } from '../server.ts';

interface Content {
  readonly [mediaType: string]: { readonly schema: object };
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

type Init = NonNullable<Parameters<typeof call>[1]>;

/** Calls a server, and asserts that every request and reply is as its OpenAPI document says. */
export class DocumentedApi {
  readonly #url: string;
  readonly #operations = new Map<string, { readonly path: RegExp; readonly operation: Operation }>();
  readonly #schemas: Readonly<Record<string, object>>;
  readonly #called = new Set<string>();

  private constructor(url: string, document: Reply['body']) {
    this.#url = url;
    this.#schemas = document.components.schemas;
    for (const [template, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
      const path = new RegExp(`^${template.replace(/\/$/, '').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`);
      for (const [method, operation] of Object.entries(methods)) {
        this.#operations.set(`${method.toUpperCase()} ${template}`, { path, operation });
      }
    }
  }

  static async of(url: string): Promise<DocumentedApi> {
    return new DocumentedApi(url, (await call(`${url}/openapi.json`)).body);
  }

  /** @param path from the root, with a query string */
  async call(path: string, init: Init = {}): Promise<Reply> {
    const reply = await call(`${this.#url}${path}`, init);
    this.check(init.method ?? (init.json === undefined ? 'GET' : 'POST'), path, init.json, reply);
    return reply;
  }

  /** Asserts that a reply is documented, and that the JSON body of a successful request is. */
  check(method: string, path: string, json: unknown, reply: Reply): void {
    const { pathname } = new URL(path, this.#url);
    const found = [...this.#operations].find(
      ([name, each]) => name.startsWith(`${method} `) && each.path.test(pathname),
    );
    const [name, { operation }] = found ?? assert.fail(`${method} ${pathname} is not documented`);
    this.#called.add(name);
    const response = operation.responses[reply.status] ?? assert.fail(`${name}: ${reply.status} is not documented`);
    if (reply.status >= 400 && reply.body !== '') {
      const { code } = reply.body;
      assert.ok(response.description.includes(`\`${code}\``), `${name}: ${code} is not documented`);
    }
    if (response.content === undefined) assert.equal(reply.body, '', `${name}: ${reply.status} has a body`);
    else if (method !== 'HEAD') this.#matches(response.content, mediaTypeOf(reply), reply.body, name);
    const body = operation.requestBody?.content;
    if (reply.status < 400 && json !== undefined)
      this.#matches(body ?? {}, 'application/json', json, `${name} request`);
  }

  /** The documented operations that were not called. */
  notCalled(): readonly string[] {
    return [...this.#operations.keys()].filter((name) => !this.#called.has(name));
  }

  #matches(content: Content, mediaType: string, value: unknown, what: string): void {
    const { schema } = content[mediaType] ?? assert.fail(`${what}: ${mediaType} is not documented`);
    const values = mediaType === 'text/event-stream' ? eventsOf(String(value)) : [value];
    for (const each of values) {
      const errors = Compile(this.#resolved(schema) as never).Errors(each);
      assert.deepEqual(errors, [], `${what}: ${JSON.stringify(each)?.slice(0, 2000)}`);
    }
  }

  /** A schema without references to components, which allows no members that it does not name. */
  #resolved(schema: object): object {
    const used = new Set<string>();
    const closed = (part: unknown): unknown => {
      if (Array.isArray(part)) return part.map(closed);
      if (typeof part !== 'object' || part === null) return part;
      const { $ref, ...members } = part as Record<string, unknown>;
      if (typeof $ref === 'string') {
        const component = $ref.replace('#/components/schemas/', '');
        if (!used.has(component)) definitions[component] = closed(used.add(component) && this.#schemas[component]);
        return { $ref: `#/$defs/${component}` };
      }
      const copy = Object.fromEntries(Object.entries(members).map(([name, member]) => [name, closed(member)]));
      return 'properties' in copy ? { additionalProperties: false, ...copy } : copy;
    };
    const definitions: Record<string, unknown> = {};
    return { ...(closed(schema) as object), $defs: definitions };
  }
}

function mediaTypeOf({ headers }: Reply): string {
  return headers.get('content-type')?.split(';')[0] ?? '';
}

/** Server-sent events, without comments. */
function eventsOf(text: string): readonly unknown[] {
  return [...text.matchAll(/^event: (\w+)\ndata: (.*)\n\n/gm)].map(([, event, data = '']) => ({
    event,
    data: JSON.parse(data),
  }));
}
