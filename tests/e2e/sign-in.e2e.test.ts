import { createClient } from '@miaobu/shared/contracts/client';
import { expect, test } from 'vitest';
import { openBrowserAt } from '../database/browser.ts';
import { startPreparedPlatform } from './start-prepared-platform.ts';

test('the operator signs in at the local GitHub, lets a program in, and signs out; a stranger does not get in', async () => {
  const platform = await startPreparedPlatform();
  try {
    const { apiUrl } = platform;
    const anybody = createClient({ origin: apiUrl });
    const { data: device } = await anybody('startDeviceLogin', { body: { client_name: 'a program' } });
    expect(device.verification_uri).toBe(`${apiUrl}/device`);

    const browser = openBrowserAt(apiUrl);
    const page = new URL(device.verification_uri_complete);
    const landed = await browser.signIn('dev', `${page.pathname}${page.search}`);
    expect([landed.status, landed.headers.get('location')]).toEqual([302, `${page.pathname}${page.search}`]);
    const html = await (await browser.ask(`${page.pathname}${page.search}`)).text();
    expect(html).toContain('a program');
    // The gateway of the local cloud says where requests come from, whatever they say themselves.
    expect(html).toContain('127.0.0.1');
    expect(html).not.toContain('203.0.113.9');

    const form = new URLSearchParams({ user_code: device.user_code, scope: 'account:read', decision: 'approve' });
    const headers = { origin: apiUrl, 'content-type': 'application/x-www-form-urlencoded' };
    const approved = await browser.ask('/device', { method: 'POST', body: form.toString(), headers });
    expect(await approved.text()).toContain('is authorized');
    const { data: redeemed } = await anybody('redeemDeviceLogin', { body: { device_code: device.device_code } });
    const { data: user } = await createClient({ origin: apiUrl, token: redeemed.token })('getUser', {});
    expect(user.github_login).toBe('dev');

    const access = createClient({ origin: apiUrl, token: await browser.accessToken() });
    expect((await access('listSessions', {})).data).toMatchObject([{ current: true, address: '127.0.0.1' }]);
    await access('signOut', { body: {} });
    await expect(access('getUser', {})).rejects.toMatchObject({ status: 401 });

    const stranger = openBrowserAt(apiUrl);
    const refused = await stranger.signIn('miaobu');
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('may not use this platform')]);
    expect((await stranger.refresh()).status).toBe(401);
  } finally {
    await platform.stop();
    platform.clean();
  }
}, 400_000);
