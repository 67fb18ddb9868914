import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';

/** For routes that read the whole request themselves: its schemas only document it. */
export const documentationOnly: FastifySchemaCompiler<TSchema> = () => (value) => ({ value });

/** For routes that read the body themselves, as a stream or with problems of their own. */
export const bodyForDocumentationOnly: FastifySchemaCompiler<TSchema> = (route) =>
  route.httpPart === 'body' ? documentationOnly(route) : TypeBoxValidatorCompiler(route);
