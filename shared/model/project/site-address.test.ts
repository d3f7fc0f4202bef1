import { expect, test } from 'vitest';
import { siteAddress } from './site-address.ts';

test('production is served at the slug, every other environment beside it', () => {
  const { hostname, url } = siteAddress('https://sites.example');
  expect([hostname('blog'), hostname('blog', 'production')]).toEqual(['blog.sites.example', 'blog.sites.example']);
  expect(hostname('blog', 'staging')).toBe('blog-staging.sites.example');
  expect(url('blog')).toBe('https://blog.sites.example/');
  expect(url('blog', 'staging')).toBe('https://blog-staging.sites.example/');
});

test('scheme and port are those of the origin; a hostname has no port', () => {
  const { hostname, url } = siteAddress('http://sites.localhost:4000');
  expect(url('blog')).toBe('http://blog.sites.localhost:4000/');
  expect(hostname('blog')).toBe('blog.sites.localhost');
});
