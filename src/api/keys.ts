import { type Static, Type } from 'typebox';
import { CustomerParams } from './customer-id.ts';
import { pageOf } from './pages.ts';
import { nullable, oneOf, Timestamp } from './values.ts';

export const KeyParams = Type.Object({
  ...CustomerParams.properties,
  key_id: Type.String({ description: 'The key ID.', examples: ['key_0123456789abcdef01'] }),
});

export type KeyParams = Static<typeof KeyParams>;

export const KeyRight = oneOf(['read', 'upload', 'undo'], {
  $id: 'KeyRight',
  description:
    '`read`: read everything of the customer. `upload`: send files, and follow, cancel and retry the uploads that were sent with this key; those of other keys look as if they did not exist. `undo`: cancel and undo any upload of the customer.',
});
export type KeyRight = Static<typeof KeyRight>;

export const CreateApiKey = Type.Object(
  {
    label: Type.Optional(nullable(Type.String({ maxLength: 200 }), { description: 'What the key is for.' })),
    rights: Type.Optional(
      Type.Array(KeyRight, {
        minItems: 1,
        uniqueItems: true,
        default: ['read', 'upload', 'undo'],
        description: 'Permissions.',
      }),
    ),
  },
  { $id: 'CreateApiKey', title: 'API key to create', additionalProperties: false },
);
export type CreateApiKey = Static<typeof CreateApiKey>;

const members = {
  id: Type.String({ examples: ['key_0123456789abcdef01'] }),
  label: nullable(Type.String()),
  rights: Type.Array(KeyRight),
  created_at: Timestamp,
  revoked_at: nullable(Timestamp),
};

export const ApiKey = Type.Object(members, { $id: 'ApiKey', title: 'API key' });
export type ApiKey = Static<typeof ApiKey>;

export const NewApiKey = Type.Object(
  {
    ...members,
    key: Type.String({ description: 'The key. It is shown only once; Thena stores its hash.', examples: ['thena_…'] }),
  },
  { $id: 'NewApiKey', title: 'New API key' },
);
export type NewApiKey = Static<typeof NewApiKey>;

export const ApiKeyPage = pageOf(ApiKey, 'ApiKeyPage');
export type ApiKeyPage = Static<typeof ApiKeyPage>;
