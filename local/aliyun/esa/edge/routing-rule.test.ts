import { expect, test } from 'vitest';
import { parseRoutingRule, type RuleSubject } from './routing-rule.ts';

const subject: RuleSubject = { host: 'a.example', path: '/blog/x', uri: '/blog/x?y=1', method: 'GET' };

test.each([
  ['true', true],
  ['http.host eq "a.example"', true],
  ['(http.host ne "a.example")', false],
  ['http.host in {"b.example" "a.example"}', true],
  ['http.host in {"b.example", "c.example"}', false],
  ['http.request.uri contains "y=1"', true],
  ['starts_with(http.request.uri.path, "/blog/")', true],
  ['ends_with(http.host, ".org")', false],
  ['not http.request.method eq "GET"', false],
  ['http.host eq "a.example" and http.request.method eq "POST"', false],
  ['http.host eq "b.example" and true or http.request.method eq "GET"', true],
  ['http.host eq "b.example" and (true or http.request.method eq "GET")', false],
  ['http.host eq "quoted \\" and (true)"', false],
])('%s is %s', (rule, expected) => {
  expect(parseRoutingRule(rule)(subject)).toBe(expected);
});

test.each([
  '',
  'http.host',
  'http.cookie eq "x"',
  'http.host eq a',
  '(true',
  'true true',
  'http.host eq "x',
  'http.host ~ "x"',
])('the rule %j is refused with a reason', (rule) => {
  expect(() => parseRoutingRule(rule)).toThrow(/rule/);
});
