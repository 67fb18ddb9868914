import type * as api from '../../api/columns.ts';
import type { Column } from '../../model/columns.ts';

export function columnJson({ name, type, derivedFrom }: Column): api.Column {
  return { name, type, ...(derivedFrom && { derived_from: [...derivedFrom] }) };
}
