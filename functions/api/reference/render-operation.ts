import type {
  AnswerShape,
  JsonSchema,
  OpenapiDocument,
  OperationShape,
  Parameter,
  Reference,
} from '@miaobu/shared/contracts/openapi-shape';
import { html } from 'hono/html';
import { type FieldRow, fieldsOf } from './describe-type.ts';
import { exampleCurl } from './example-curl.ts';

/** The result of a tagged template: text that is safe to embed in another. */
export type Markup = ReturnType<typeof html>;

/** A sentence with `code` in it. */
export const prose = (text: string): Markup =>
  html`${text.split('`').map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`))}`;

const paragraphs = (text: string) => text.split('\n\n').map((each) => html`<p>${prose(each)}</p>`);

const typeWithLink = ({ type, link }: FieldRow) => {
  if (link === undefined) return html`${type}`;
  const [before, after] = type.split(link);
  return html`${before}<a href="#${link}">${link}</a>${after}`;
};

/** Fields as a list of terms. */
export const renderFields = (rows: readonly FieldRow[], showRequired: boolean): Markup => html`<dl>
${rows.map(
  (
    row,
  ) => html`<div class="field"><dt><code>${row.name}</code>${showRequired && row.required ? html` <span class="must">required</span>` : ''}</dt>
<dd><span class="soft">${typeWithLink(row)}${row.limits.map((limit) => html`, ${prose(limit)}`)}</span>${row.description === '' ? '' : html`<br>${prose(row.description)}`}</dd></div>
`,
)}</dl>`;

const resolve = <T extends object>(each: T | Reference, components: Readonly<Record<string, T>>): T | undefined =>
  '$ref' in each ? components[each.$ref.slice(each.$ref.lastIndexOf('/') + 1)] : each;

function parameterRows(operation: OperationShape, { components }: OpenapiDocument): FieldRow[] {
  const places: Record<Parameter['in'], string> = { path: 'path', query: 'query', header: 'header', cookie: 'cookie' };
  return (operation.parameters ?? []).flatMap((each) => {
    const parameter = resolve<Parameter>(each, components.parameters);
    if (!parameter) return [];
    const { name, schema, required, description } = parameter;
    const described: JsonSchema = { ...schema, ...(description === undefined ? {} : { description }) };
    return fieldsOf({ properties: { [name]: described }, required: required ? [name] : [] }).map((row) => ({
      ...row,
      type: `${places[parameter.in]}, ${row.type}`,
    }));
  });
}

const codesOf = ({ content }: AnswerShape): readonly unknown[] =>
  content?.['application/json']?.schema.properties?.error?.properties?.code?.enum ?? [];

function renderErrors(operation: OperationShape, { components }: OpenapiDocument): Markup {
  const errors = Object.entries(operation.responses).flatMap(([status, answer]) =>
    codesOf(resolve<AnswerShape>(answer, components.responses) ?? { description: '' }).map((code) => ({
      status,
      code,
    })),
  );
  if (errors.length === 0) return html``;
  return html`<h4>Errors</h4><ul class="codes">${errors.map(({ status, code }) => html`<li>${status} <a href="#error-${code}"><code>${code}</code></a></li>`)}</ul>`;
}

/** The content of a response: a named type, a list of them, or fields of its own. */
function renderData(data: JsonSchema): Markup {
  const [row] = fieldsOf({ properties: { data } });
  const fields = fieldsOf(data);
  return html`${row && row.link !== undefined ? html`<p><code>data</code>: ${typeWithLink(row)}</p>` : ''}${fields.length > 0 ? renderFields(fields, false) : ''}`;
}

function renderAnswer(operation: OperationShape): Markup {
  const [success] = Object.entries(operation.responses);
  if (!success || !('description' in success[1])) return html``;
  const [status, { description, content = {} }] = success;
  const [media] = Object.entries(content);
  const json = media?.[1].example;
  const event = media?.[1]['x-event-data'];
  const data = event ?? media?.[1].schema.properties?.data;
  return html`<h4>Answer ${status}</h4><p>${prose(description)}</p>${data ? renderData(data) : ''}${json === undefined ? '' : html`<pre tabindex="0">${JSON.stringify(json, undefined, 2)}</pre>`}`;
}

/** One operation: what it does, who may call it, its parameters, its responses. */
export function renderOperation(
  document: OpenapiDocument,
  method: string,
  path: string,
  operation: OperationShape,
): Markup {
  const { operationId, summary, description = '', deprecated, requestBody } = operation;
  const parameters = parameterRows(operation, document);
  const body = requestBody?.content['application/json']?.schema;
  const fields = body ? fieldsOf(body) : [];
  return html`<article id="${operationId}">
<h3><a href="#${operationId}"><span class="method ${method}">${method.toUpperCase()}</span> <span class="path">${path}</span></a></h3>
<p>${prose(summary)}</p>
<div class="soft">${deprecated ? html`<p class="gone">Deprecated.</p>` : ''}${paragraphs(description)}</div>
${parameters.length > 0 ? html`<h4>Parameters</h4>${renderFields(parameters, true)}` : ''}
${body ? html`<h4>Body</h4>${fields.length > 0 ? renderFields(fields, true) : html`<p>An empty object: <code>{}</code>.</p>`}` : ''}
<div class="sides"><div><h4>Example</h4><pre tabindex="0">${exampleCurl(method.toUpperCase(), path, operation)}</pre></div>
<div>${renderAnswer(operation)}</div></div>
${renderErrors(operation, document)}
</article>`;
}
