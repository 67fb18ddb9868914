import { type Static, Type } from 'typebox';
import { nullable, oneOf, Timestamp } from './values.ts';

export const OpenSession = Type.Object(
  { key: Type.String({ minLength: 1, maxLength: 1000, description: 'An API key.' }) },
  { $id: 'OpenSession', title: 'Session to open', additionalProperties: false },
);
export type OpenSession = Static<typeof OpenSession>;

export const Session = Type.Object(
  {
    role: oneOf(['admin', 'customer', 'open'], { description: '`open`: the server runs without keys.' }),
    customer_id: nullable(Type.String(), { description: 'The customer that the key belongs to.' }),
    rights: Type.Array(oneOf(['read', 'upload', 'undo', 'admin']), { description: 'What the caller may do.' }),
    expires_at: nullable(Timestamp, { description: 'When the session expires. Null without a session.' }),
  },
  { $id: 'Session', title: 'Caller' },
);
export type Session = Static<typeof Session>;
