/** The named schemas of a document, as `#/components/schemas` has them. */
export type Components = Record<string, unknown>;

/**
 * Copies a schema for an OpenAPI document: every schema in it that has an `$id` is added to the components and replaced by
 * a reference. `$defs`, which TypeBox uses for recursive types, become components as well.
 *
 * @throws Error if two different schemas have the same `$id`
 */
export function withReferences(schema: unknown, components: Components): unknown {
  if (Array.isArray(schema)) return schema.map((each) => withReferences(each, components));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $id, $defs, ...members } = schema as Record<string, unknown>;
  for (const definition of Object.values($defs ?? {})) withReferences(definition, components);
  const copy = Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, withReferences(member, components)]),
  );
  if (typeof copy.$ref === 'string' && !copy.$ref.startsWith('#')) copy.$ref = referenceTo(copy.$ref);
  if (typeof $id !== 'string') return copy;
  const known = components[$id];
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(copy)) {
    throw new Error(`two different schemas are named ${$id}`);
  }
  components[$id] = copy;
  return { $ref: referenceTo($id) };
}

function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}
