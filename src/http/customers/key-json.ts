import type * as api from '../../api/keys.ts';
import type { ApiKey } from '../../catalog/api-key.ts';

export function apiKeyJson(key: ApiKey): api.ApiKey {
  return {
    id: key.id,
    label: key.label,
    rights: [...key.rights],
    created_at: key.createdAt.toISOString(),
    revoked_at: key.revokedAt?.toISOString() ?? null,
  };
}
