import { openapiDocument } from '@miaobu/shared/contracts/openapi';
import type {
  AnswerShape,
  JsonSchema,
  OperationShape,
  Parameter,
  Reference,
} from '@miaobu/shared/contracts/openapi-shape';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

/** One operation of the OpenAPI document. */
export interface DocumentedOperation {
  readonly id: string;
  /** In upper case. */
  readonly method: string;
  readonly path: string;
  readonly shape: OperationShape;
  /** The ids in its path, from left to right: `project`, `deployment`, … */
  readonly ids: readonly string[];
  /** Whether a token may call it, given its scopes. */
  readonly takesTokens: boolean;
  readonly isPublic: boolean;
  readonly streams: boolean;
}

export const openapi = openapiDocument();

export const documentedOperations: readonly DocumentedOperation[] = Object.entries(openapi.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, shape]) => ({
      id: shape.operationId,
      method: method.toUpperCase(),
      path,
      shape,
      ids: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
      takesTokens: shape.security.some((requirement) => 'token' in requirement),
      isPublic: !shape.security.some((requirement) => 'session' in requirement),
      streams: Object.values(shape.responses).some(
        (answer) => 'content' in answer && answer.content?.['text/event-stream'] !== undefined,
      ),
    })),
);

export const parametersOf = ({ shape }: DocumentedOperation): readonly Parameter[] =>
  (shape.parameters ?? []).flatMap((each) => ('name' in each ? [each] : []));

/** The schema of what it takes, and the example of the document. */
export const bodyOf = ({ shape }: DocumentedOperation) => shape.requestBody?.content['application/json'];

/** Fields of its body that hold an id (`deployment` or `deployment_id`), with the kind of each. */
const idFieldsOf = (operation: DocumentedOperation): readonly (readonly [string, string])[] =>
  Object.entries((bodyOf(operation)?.example ?? {}) as Readonly<Record<string, unknown>>)
    .filter(([, value]) => typeof value === 'string' && /^[a-z]{3}_[0-9a-z]{26}$/.test(value))
    .map(([name]) => [name, name.replace(/_id$/, '')]);

/** The kinds of ids that its path and its body name, from the outside in. */
export const idKindsOf = (operation: DocumentedOperation): readonly string[] => [
  ...new Set([...operation.ids, ...idFieldsOf(operation).map(([, kind]) => kind)]),
];

/** The example of its body, with these ids in it. */
export function bodyWith(operation: DocumentedOperation, ids: Readonly<Record<string, string>>): object | undefined {
  const body = bodyOf(operation);
  if (!body) return undefined;
  const named = idFieldsOf(operation).map(([name, kind]) => [name, ids[kind]]);
  return { ...(body.example as object), ...Object.fromEntries(named) };
}

/** Its path with these ids in it. */
export const pathWith = ({ path }: DocumentedOperation, ids: Readonly<Record<string, string>>) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? ''));

const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addFormat('date-time', (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text));
ajv.addFormat('uri', URL.canParse);
ajv.addSchema({ $id: 'document', components: openapi.components });
const compiled = new Map<string, ValidateFunction>();

function validatorOf(key: string, schema: JsonSchema): ValidateFunction {
  const known = compiled.get(key);
  if (known) return known;
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
  const validator = ajv.compile(JSON.parse(text) as object);
  compiled.set(key, validator);
  return validator;
}

function answerShape(answer: AnswerShape | Reference | undefined): AnswerShape | undefined {
  if (answer === undefined || !('$ref' in answer)) return answer;
  return openapi.components.responses[answer.$ref.slice(answer.$ref.lastIndexOf('/') + 1)];
}

/** How an answer deviates from the document: empty when it does not. */
export function undocumented(
  operation: DocumentedOperation,
  status: number,
  type: string | null,
  text: string,
): string[] {
  const shape = answerShape(operation.shape.responses[status]);
  if (shape === undefined) return [`${operation.id} answers ${status}, which is not documented: ${text}`];
  const [documented] = Object.entries(shape.content ?? {});
  if (documented === undefined) return text === '' ? [] : [`${operation.id} answers ${status} with a body: ${text}`];
  const [expectedType, { schema }] = documented;
  if (type?.split(';')[0] !== expectedType) return [`${operation.id} answers ${status} as ${type}`];
  if (expectedType !== 'application/json') return [];
  const validate = validatorOf(`${operation.id} ${status}`, schema);
  if (validate(JSON.parse(text))) return [];
  return [`${operation.id} answers ${status}: ${ajv.errorsText(validate.errors)} in ${text.slice(0, 2000)}`];
}
