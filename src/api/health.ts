import { type Static, Type } from 'typebox';

export const Health = Type.Object({ status: Type.Literal('ok') }, { $id: 'Health' });
export type Health = Static<typeof Health>;

export const Readiness = Type.Object(
  {
    status: Type.Literal('ready'),
    missing: Type.Array(Type.String(), {
      description: 'Parts that do not respond. Requests that need them are refused, and uploads wait for them.',
      examples: [['ClickHouse shard 2 of 2']],
    }),
  },
  { $id: 'Readiness' },
);
export type Readiness = Static<typeof Readiness>;
