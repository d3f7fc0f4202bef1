import type { JsonSchema } from '@miaobu/shared/contracts/openapi-shape';

/** One field of a schema, nested ones by their full path: `settings.spa`, `files[].path`. */
export interface FieldRow {
  readonly name: string;
  /** `string or null`, `one of a, b`, … */
  readonly type: string;
  /** The named type that it is, or that it is a list of. */
  readonly link?: string;
  readonly required: boolean;
  readonly description: string;
  /** Limits and default, as short sentences. */
  readonly limits: readonly string[];
}

const words: Readonly<Record<string, string>> = {
  'date-time': 'time',
  uri: 'URL',
  uuid: 'UUID',
  email: 'e-mail address',
};

const nameOf = (reference: string) => reference.slice(reference.lastIndexOf('/') + 1);
const isNull = ({ type, const: constant }: JsonSchema) => type === 'null' || constant === null;
const alternativesOf = ({ anyOf, oneOf }: JsonSchema) => anyOf ?? oneOf ?? [];

/** The schema without `or null`, if that is its only alternative. */
function essenceOf(schema: JsonSchema): JsonSchema {
  const others = alternativesOf(schema).filter((each) => !isNull(each));
  const [only] = others;
  return only && others.length === 1
    ? { ...only, ...(schema.default === undefined ? {} : { default: schema.default }) }
    : schema;
}

/** A type in words. */
export function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return alternatives.map(typeOf).join(' or ');
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'anything'];
  return types
    .map((type: string) => {
      if (type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
      if (type === 'object' && typeof schema.additionalProperties === 'object') {
        return `object of ${typeOf(schema.additionalProperties)} by name`;
      }
      return (type === 'string' && words[schema.format ?? '']) || type;
    })
    .join(' or ');
}

function limitsOf(schema: JsonSchema): string[] {
  const { minLength, maxLength, minimum, maximum, minItems, maxItems, pattern } = essenceOf(schema);
  const range = (least: number | undefined, most: number | undefined, unit: string) => {
    if (least && most !== undefined) return [`${least} to ${most}${unit}`];
    if (most !== undefined) return [`at most ${most}${unit}`];
    return least ? [`at least ${least}${unit}`] : [];
  };
  return [
    ...range(minLength, maxLength, ' characters'),
    ...range(minimum, maximum, ''),
    ...range(minItems, maxItems, ' items'),
    ...(pattern === undefined ? [] : [`matches \`${pattern}\``]),
    ...(schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``]),
  ];
}

function linkOf(schema: JsonSchema): string | undefined {
  const { $ref, items } = essenceOf(schema);
  if ($ref !== undefined) return nameOf($ref);
  return items ? linkOf(items) : undefined;
}

/** The fields of an object, depth first. Named types are not expanded. */
export function fieldsOf(schema: JsonSchema, prefix = ''): FieldRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const essence = essenceOf(field);
    const link = linkOf(field);
    const row: FieldRow = {
      name: prefix + name,
      type: typeOf(field),
      ...(link === undefined ? {} : { link }),
      required: schema.required?.includes(name) ?? false,
      description: field.description ?? essence.description ?? '',
      limits: limitsOf(field),
    };
    const inner = essence.items ? essenceOf(essence.items) : essence;
    return [row, ...fieldsOf(inner, `${prefix}${name}${essence.items ? '[]' : ''}.`)];
  });
}
