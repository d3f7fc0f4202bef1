import { expect, test } from 'vitest';
import { domainNamesFor, matchRoute } from './custom-domain-routing.ts';

const routes = ['/*', '/api/*', '/api/v1/chat/*', '/api/status'].map((path) => ({
  path,
  functionName: path,
  qualifier: 'LATEST' as const,
}));

test.each([
  ['/', '/*'],
  ['/index.html?a=/api/v1', '/*'],
  ['/api', '/*'],
  ['/api/', '/api/*'],
  ['/api/v1/chat', '/api/*'],
  ['/api/v1/chat/turns/1', '/api/v1/chat/*'],
  ['/api/status', '/api/status'],
  ['/api/status?full=1', '/api/status'],
  ['/API/status', '/*'],
])('%s goes to the exact or else the longest pattern, %s', (path, pattern) => {
  expect(matchRoute(routes, path, 'GET')?.path).toBe(pattern);
});

test('a route that does not allow the method is passed over', () => {
  const limited = [{ path: '/hook', functionName: 'f', qualifier: 'LATEST' as const, methods: ['POST'] }];
  expect(matchRoute(limited, '/hook', 'POST')?.functionName).toBe('f');
  expect(matchRoute(limited, '/hook', 'GET')).toBeUndefined();
});

test('a host is looked up by its name, and by the wildcard for one label', () => {
  expect(domainNamesFor('Shop.Example.com:8080')).toEqual(['shop.example.com', '*.example.com']);
});
