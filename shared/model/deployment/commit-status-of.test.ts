import { expect, test } from 'vitest';
import { siteAddress } from '../project/site-address.ts';
import { commitStatusOf } from './commit-status-of.ts';
import type { Deployment } from './deployment.ts';

const address = siteAddress('https://sites.example');
const shown = (
  deployment: Partial<Pick<Deployment, 'status' | 'reason' | 'reasonMessage'>> & Pick<Deployment, 'status'>,
  environment = 'production',
) =>
  commitStatusOf(
    { reason: null, reasonMessage: null, ...deployment },
    { slug: 'blog' },
    { name: environment },
    address,
  );

test.each([
  ['queued', 'Waiting for its build'],
  ['cloning', 'Building'],
  ['building', 'Building'],
  ['uploading', 'Building'],
  ['deploying', 'Publishing'],
] as const)('a deployment that is %s is pending, without a link', (status, description) => {
  expect(shown({ status })).toEqual({ state: 'pending', context: 'miaobu/blog', description });
});

test.each([
  [null, 'Deployed'],
  ['superseded', 'Built; a newer deployment was shown instead'],
  ['rolled_back', 'Built; an older deployment was chosen instead'],
  ['held', 'Built; another deployment is kept in its place'],
])('a deployed one (%s) is a success that links to the site', (reason, description) => {
  expect(shown({ status: 'deployed', reason })).toEqual({
    state: 'success',
    context: 'miaobu/blog',
    description,
    targetUrl: 'https://blog.sites.example/',
  });
});

test.each([
  ['failed', 'npm run build ended with 1.\nSee the log.', 'npm run build ended with 1.'],
  ['failed', null, 'The deployment failed'],
  ['failed', '  ', 'The deployment failed'],
  [
    'cancelled',
    'A newer deployment was queued before this build began.',
    'A newer deployment was queued before this build began.',
  ],
  ['cancelled', null, 'The deployment was cancelled'],
] as const)('one that is %s (%j) is a failure with a one-line reason', (status, reasonMessage, description) => {
  expect(shown({ status, reasonMessage })).toEqual({ state: 'failure', context: 'miaobu/blog', description });
});

test('deleting a deployment long after it was deployed changes no status', () => {
  expect([shown({ status: 'purging' }), shown({ status: 'purged' })]).toEqual([undefined, undefined]);
});

test('an environment other than production has its own context and address', () => {
  expect(shown({ status: 'deployed' }, 'staging')).toMatchObject({
    context: 'miaobu/blog/staging',
    targetUrl: 'https://blog-staging.sites.example/',
  });
});
