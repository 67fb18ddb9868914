import { type Static, Type } from 'typebox';
import { Problem } from './problems.ts';
import { Upload } from './uploads.ts';
import { nullable } from './values.ts';

/** A server-sent event: `data` is sent as JSON. */
export const CustomerEvent = Type.Union(
  [
    Type.Object({ event: Type.Literal('upload'), data: Upload }),
    Type.Object({
      event: Type.Literal('removed'),
      data: Type.Object({
        id: Type.String(),
        problem: nullable(Problem, { description: 'Why the upload was refused; null if that is not known.' }),
      }),
    }),
    Type.Object({
      event: Type.Literal('table'),
      data: Type.Object({
        rows: Type.Integer(),
        version: nullable(Type.Integer(), { description: 'Null if the customer has no table.' }),
      }),
    }),
    Type.Object({ event: Type.Literal('problem'), data: Problem }),
  ],
  {
    $id: 'CustomerEvent',
    title: 'Customer event',
    description:
      '`upload`: an upload has changed, or its progress has. `removed`: an upload was refused before it was acknowledged, and no longer exists. `table`: the table has changed. `problem`: the last event, because the key was revoked, the session ended, or the customer was deleted.',
  },
);
export type CustomerEvent = Static<typeof CustomerEvent>;
