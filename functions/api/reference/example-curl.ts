import { exampleOf } from '@miaobu/shared/contracts/openapi-examples';
import type { OperationShape, Parameter } from '@miaobu/shared/contracts/openapi-shape';

/** Quotes a text as one shell word. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** An example curl call of an operation: with its required parameters, and its whole body. */
export function exampleCurl(method: string, path: string, operation: OperationShape): string {
  const needed = (operation.parameters ?? []).filter((each): each is Parameter => 'in' in each && each.required);
  const example = ({ name, schema }: Parameter) => String(exampleOf(schema, {}, { of: name }));
  const filled = path.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const parameter = needed.find((each) => each.in === 'path' && each.name === name);
    return parameter ? encodeURIComponent(example(parameter)) : whole;
  });
  const query = new URLSearchParams(
    needed.filter((each) => each.in === 'query').map((each) => [each.name, example(each)] as [string, string]),
  ).toString();
  const body = operation.requestBody?.content['application/json']?.example;
  const streams = Object.values(operation.responses).some(
    (answer) => 'content' in answer && answer.content && 'text/event-stream' in answer.content,
  );
  const lines = [
    `curl ${streams ? '-N ' : ''}${method === 'GET' ? '' : `-X ${method} `}"$MIAOBU_URL${filled}${query === '' ? '' : `?${query}`}"`,
    ...(operation.security.length > 0 ? ['-H "Authorization: Bearer $MIAOBU_TOKEN"'] : []),
    ...needed.filter((each) => each.in === 'header').map((each) => `-H ${quoted(`${each.name}: ${example(each)}`)}`),
    ...needed.filter((each) => each.in === 'cookie').map((each) => `-b ${quoted(`${each.name}=${example(each)}`)}`),
    ...(body === undefined
      ? []
      : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body, undefined, 2))}`]),
  ];
  return lines.join(' \\\n  ');
}
