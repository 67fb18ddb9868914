import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../../errors.ts';

/** Answers requests that match no route: 405 if the path has routes for other methods, otherwise 404. */
export function answerUnrouted(app: FastifyInstance): void {
  const routes = new Map<string, { readonly path: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { path: pathOf(url), methods: new Set() };
    routes.set(url, route);
    for (const name of [method].flat()) route.methods.add(name);
  });
  app.setNotFoundHandler((request: FastifyRequest) => {
    const path = request.url.replace(/\?.*$/s, '');
    const allow = [...routes.values()].filter((route) => route.path.test(path)).flatMap(({ methods }) => [...methods]);
    const shown = path.slice(0, 200);
    if (allow.length === 0) throw new Problem('not_found', `There is no resource at ${shown}.`);
    const detail = `${shown} supports ${allow.join(', ')}, not ${request.method}.`;
    throw new Problem('method_not_allowed', detail, { allow });
  });
}

/** A pattern for the paths of a route such as `/customers/:id/query.:format`, with or without a trailing slash. */
function pathOf(url: string): RegExp {
  const pattern = url
    .replace(/\/$/, '')
    .split('/')
    .map((part) => (part === '*' ? '.*' : part.split(/:\w+/).map(RegExp.escape).join('[^/]+')))
    .join('/');
  return new RegExp(`^${pattern}/?$`);
}
