// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the expressions of s.yaml look like this
import { expect, test } from 'vitest';
import { interpolate } from './interpolate-s-yaml.ts';

test('variables, defaults and properties of other resources are filled in, anywhere in a text', () => {
  const document = {
    list: ["${env('REGION')}", "acs:fc:${env('REGION')}:layers/${env('NAME', 'miaobu')}", 9000, true],
    resources: {
      one_function: { props: { functionName: 'miaobu-one', route: '${resources.one_function.props.functionName}' } },
    },
  };
  expect(interpolate(document, { REGION: 'cn-hangzhou' })).toEqual({
    list: ['cn-hangzhou', 'acs:fc:cn-hangzhou:layers/miaobu', 9000, true],
    resources: { one_function: { props: { functionName: 'miaobu-one', route: 'miaobu-one' } } },
  });
});

test('an empty variable is a missing one, as for Serverless Devs', () => {
  expect(interpolate("${env('A', 'default')}", { A: '' })).toBe('default');
  expect(interpolate("${env('A', '')}", {})).toBe('');
  expect(() => interpolate("${env('A')}", { A: '' })).toThrow('the variable A is not set');
});

test('everything that is missing is named at once', () => {
  const document = ["${env('A')}", "${env('B')} ${env('A')}", '${vars.x}'];
  expect(() => interpolate(document, {})).toThrow(
    's.yaml: the variable A is not set; the variable B is not set; ${vars.x} cannot be filled in',
  );
});

test('the value of a variable is never taken for an expression', () => {
  expect(interpolate("${env('A')}", { A: "${env('SECRET')}", SECRET: 's' })).toBe("${env('SECRET')}");
});

test('properties that refer to each other in a cycle are an error, not an endless loop', () => {
  const props = { a: '${resources.x_function.props.b}', b: '${resources.x_function.props.a}' };
  expect(() => interpolate({ resources: { x_function: { props } } }, {})).toThrow('cannot be filled in');
});
