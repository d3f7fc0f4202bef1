import * as z from 'zod';
import type { JsonSchema } from './openapi-shape.ts';

const COMPONENTS = '#/components/schemas/';
const FORMATS_THAT_SAY_IT_ALL = ['date-time', 'uri', 'uuid', 'email'];

type Named = Readonly<Record<string, JsonSchema>>;

/** Leaves out what a reader learns nothing from: the safe integers, the pattern behind a format, that names are strings. */
function tidy({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (FORMATS_THAT_SAY_IT_ALL.includes(jsonSchema.format ?? '')) delete jsonSchema.pattern;
  if (JSON.stringify(jsonSchema.propertyNames) === '{"type":"string"}') delete jsonSchema.propertyNames;
  // The name is the key under which it is found.
  delete jsonSchema.id;
}

function withReferences(schema: JsonSchema, rename: (name: string) => string): JsonSchema {
  const text = JSON.stringify(schema);
  return JSON.parse(text, (key, value) =>
    key === '$ref' && typeof value === 'string'
      ? COMPONENTS + rename(value.slice(value.lastIndexOf('/') + 1))
      : (value as unknown),
  ) as JsonSchema;
}

/**
 * Turns schemas into JSON Schema and gathers those that have a name (`.meta({ id })`) under it. What a request may leave
 * out an answer always has, so a named schema can look different in a request: it is `{name}Input` there.
 */
export function collectSchemas() {
  const components = new Map<string, JsonSchema>();

  function convert(schema: z.ZodType, io: 'input' | 'output'): { root: JsonSchema; named: Named } {
    // Inside an object, because a named schema at the root would be written out.
    const { properties, $defs } = z.toJSONSchema(z.object({ root: schema }), { io, override: tidy });
    // zod's type says `boolean` too, which it never writes for a property.
    return { root: properties?.root as JsonSchema, named: ($defs ?? {}) as Named };
  }

  function add(name: string, schema: JsonSchema): void {
    const known = components.get(name);
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) throw new Error(`two schemas are called ${name}`);
    components.set(name, schema);
  }

  return {
    /** What an answer holds. Every answer comes before the first request. */
    ofAnswer(schema: z.ZodType): JsonSchema {
      const { root, named } = convert(schema, 'output');
      for (const [name, each] of Object.entries(named)) add(name, withReferences(each, String));
      return withReferences(root, String);
    },
    /** What a request may hold. */
    ofRequest(schema: z.ZodType): JsonSchema {
      const { root, named } = convert(schema, 'input');
      const differing = namesThatDiffer(named, components);
      const rename = (name: string) => (differing.has(name) ? `${name}Input` : name);
      for (const [name, each] of Object.entries(named)) add(rename(name), withReferences(each, rename));
      return withReferences(root, rename);
    },
    components: (): Named => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
export type SchemaCollection = ReturnType<typeof collectSchemas>;

/** Names whose schema is another than the known one, and those that refer to one of these. */
function namesThatDiffer(named: Named, known: ReadonlyMap<string, JsonSchema>): ReadonlySet<string> {
  const differing = new Set<string>();
  const entries = Object.entries(named).map(([name, schema]) => {
    const text = JSON.stringify(withReferences(schema, String));
    if (known.has(name) && JSON.stringify(known.get(name)) !== text) differing.add(name);
    return { name, text };
  });
  for (let before = -1; before !== differing.size; ) {
    before = differing.size;
    for (const { name, text } of entries) {
      if ([...differing].some((other) => text.includes(`"${COMPONENTS}${other}"`))) differing.add(name);
    }
  }
  return differing;
}
