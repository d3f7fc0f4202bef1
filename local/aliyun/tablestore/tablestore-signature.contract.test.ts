import sdk from 'tablestore';
import { describe, expect, test } from 'vitest';
import { listen } from '../../wire/emulator.ts';
import { account, eachTestStartsTablestore, refusal } from './testing/tablestore-fixture.ts';

const role = account.roleCredentials('acs:ram::1:role/function');
const tablestore = eachTestStartsTablestore();

describe('who may call', () => {
  test('the operator, and a role with its token', async () => {
    expect((await tablestore.client.listTable({})).tableNames).toEqual([]);
    expect((await tablestore.clientWith(role).listTable({})).tableNames).toEqual([]);
  });

  test.each([
    ['a wrong secret', { accessKeySecret: 'wrong' }, 'OTSAuthFailed: Signature mismatch.'],
    ['an unknown key', { accessKeyId: 'LTAIunknown' }, 'OTSAuthFailed: The AccessKeyID does not exist.'],
    ["another's token", { ...role, securityToken: 'stolen' }, 'OTSAuthFailed: The STS token is invalid.'],
    ['another instance', { instancename: 'other' }, 'OTSAuthFailed: The instance is not found.'],
  ])('not %s', async (_, configuration, expected) => {
    expect(await refusal(tablestore.clientWith(configuration).listTable({}))).toBe(expected);
  });

  test('not a role without its token', async () => {
    const { accessKeyId, accessKeySecret } = role;
    const withoutToken = new sdk.Client({
      endpoint: tablestore.url,
      instancename: 'miaobu',
      accessKeyId,
      accessKeySecret,
      maxRetries: 0,
    });
    expect(await refusal(withoutToken.listTable({}))).toBe('OTSAuthFailed: The STS token is invalid.');
  });

  test('not a request signed more than 15 minutes ago', async () => {
    await tablestore.restart(() => Date.now() + 16 * 60_000);
    expect(await refusal(tablestore.client.listTable({}))).toMatch(
      /^OTSAuthFailed: Mismatch between system time and x-ots-date/,
    );
  });

  test('not a body that was changed on the way', async () => {
    const proxy = await listen({
      async handle(request, response) {
        request.resume();
        const headers = new Headers();
        for (const [name, value] of Object.entries(request.headers)) {
          if (name.startsWith('x-ots-')) headers.set(name, String(value));
        }
        const answer = await fetch(`${tablestore.url}${request.url}`, { method: 'POST', headers, body: 'other' });
        response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
      },
    });
    try {
      expect(await refusal(tablestore.clientWith({ endpoint: proxy.url }).listTable({}))).toMatch(
        /^OTSAuthFailed: Mismatch between MD5/,
      );
    } finally {
      await proxy.close();
    }
  });
});
