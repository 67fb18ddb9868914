import { type Static, Type } from 'typebox';

export const Health = Type.Object({ status: Type.Literal('ok') }, { $id: 'Health' });
export type Health = Static<typeof Health>;

export const Readiness = Type.Object({ status: Type.Literal('ready') }, { $id: 'Readiness' });
export type Readiness = Static<typeof Readiness>;
