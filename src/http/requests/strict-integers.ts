import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';

/**
 * Validates as TypeBox does, but takes only digits for an integer in a URL. TypeBox takes an empty text for 0, and 1.5 and 0x10 for
 * 1 and 16.
 */
export const strictIntegers: FastifySchemaCompiler<TSchema> = (route) => {
  const validate = TypeBoxValidatorCompiler(route);
  if (route.httpPart !== 'querystring') return validate;
  const { properties = {} } = route.schema as { readonly properties?: Readonly<Record<string, { type?: string }>> };
  const integers = Object.keys(properties).filter((name) => properties[name]?.type === 'integer');
  return (query: Readonly<Record<string, unknown>>) => {
    const wrong = integers.find((name) => query[name] !== undefined && !/^-?\d+$/.test(String(query[name])));
    if (wrong === undefined) return validate(query);
    return {
      error: [{ instancePath: `/${wrong}`, schemaPath: '', keyword: 'type', message: 'must be integer', params: {} }],
    };
  };
};
