import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FcUnderTest, sdk, server, startFcUnderTest, until } from './fc-under-test.ts';

let fc: FcUnderTest;
let origin: string;
let domain: string;
beforeAll(async () => {
  fc = await startFcUnderTest({ maxInstances: 1, maxWaiting: 1 });
  await fc.createFunction('web', source, { instanceConcurrency: 20 });
  origin = await fc.createHttpTrigger('web');
  await fc.createFunction('api', server(`response.end('the api at ' + request.url)`));
  await fc.route('app.example.com', [
    { path: '/*', functionName: 'web' },
    { path: '/api/*', functionName: 'api', methods: ['GET'] },
  ]);
  domain = `http://app.example.com:${fc.listening.port}`;
});
afterAll(() => fc.close());

const source = `
  const http = require('node:http');
  const open = new Map();
  http.createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://local');
    if (pathname === '/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\\n\\n');
      open.set(searchParams.get('name'), response);
      response.on('close', () => console.log('closed ' + searchParams.get('name')));
    } else if (pathname === '/finish') {
      open.get(searchParams.get('name')).end('data: last\\n\\n');
      response.end();
    } else if (pathname === '/cookies') {
      response.writeHead(201, 'Made', [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['Server', 'mine'], ['X-Fc-Own', 'x']]);
      response.end('made');
    } else if (pathname === '/upload') {
      for await (const chunk of request) response.write(chunk);
      response.end();
    } else if (pathname === '/die') {
      process.exit(1);
    } else {
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers }));
    }
  }).listen(process.env.FC_SERVER_PORT, '0.0.0.0');
`;

describe('a request', () => {
  test('passes through the URL of the trigger with its own path, method and headers', async () => {
    const { status, headers, body } = await fc.fetch(`${origin}/invoke?a=1&b=%2F`, {
      headers: { 'X-Custom': 'yes' },
    });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      method: 'GET',
      url: '/invoke?a=1&b=%2F',
      headers: {
        host: new URL(origin).host,
        'x-custom': 'yes',
        'x-fc-control-path': '/http-invoke',
        'x-fc-function-name': 'web',
        'x-fc-request-id': headers['x-fc-request-id'],
      },
    });
  });

  test('cannot set headers that only FC may set', async () => {
    const { body } = await fc.fetch(`${domain}/`, {
      headers: { 'X-Fc-Control-Path': '/invoke', 'x-fc-account-id': '1', 'x-fc-made-up': 'x' },
    });
    const { headers } = JSON.parse(body);
    expect(headers['x-fc-control-path']).toBe('/http-invoke');
    expect(headers['x-fc-account-id']).toBe(fc.account.accountId);
    expect(headers['x-fc-made-up']).toBeUndefined();
  });

  test('is answered with the status and headers of the function, except those that are reserved to FC', async () => {
    const { status, headers, body } = await fc.fetch(`${domain}/cookies`);
    expect([status, body]).toEqual([201, 'made']);
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers.server).toBeUndefined();
    expect(headers['x-fc-own']).toBeUndefined();
  });

  test.each([
    ['of known length', { 'content-length': 200_000 }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('with a body %s is passed on byte for byte', async (_, headers) => {
    const body = Buffer.alloc(200_000, 'body');
    const answer = await fc.fetch(`${domain}/upload`, { method: 'POST', headers, body });
    expect(answer.body === body.toString()).toBe(true);
  });

  test('to the URL of a trigger gets an attachment, to a custom domain it does not', async () => {
    expect((await fc.fetch(origin)).headers['content-disposition']).toBe('attachment');
    expect((await fc.fetch(domain)).headers['content-disposition']).toBeUndefined();
  });

  test('goes to the function of its path', async () => {
    expect((await fc.fetch(`${domain}/api/x`)).body).toBe('the api at /api/x');
    expect((await fc.fetch(`${domain}/apis`)).body).toContain('"url":"/apis"');
  });

  test('with a method the trigger does not allow is refused', async () => {
    const { status, body } = await fc.fetch(origin, { method: 'DELETE' });
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ Code: 'AccessDenied' });
  });

  test.each([
    ['a path over 4 KB', `/${'x'.repeat(4097)}`, {}],
    ['headers over 8 KB', '/', { 'x-long': 'x'.repeat(8192) }],
    ['more than 32 MB announced', '/upload', { 'content-length': 32 * 1024 * 1024 + 1 }],
  ])('with %s is refused', async (_, path, headers) => {
    const method = 'content-length' in headers ? 'POST' : 'GET';
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      fc.open(`${domain}${path}`, { method, headers }).then(({ statusCode }) => resolve(statusCode), reject);
    });
    expect(answer).toBe(400);
  });

  test('to a host without a function can be recognised by the gateway', () => {
    expect(fc.emulator.servesHost('app.example.com:80')).toBe(true);
    expect(fc.emulator.servesHost('nobody.example.com')).toBe(false);
    expect(fc.emulator.servesHost(new URL(origin).host)).toBe(true);
  });

  test('that kills the process is a 502, and the next one is answered', async () => {
    const { status, body } = await fc.fetch(`${domain}/die`);
    expect(status).toBe(502);
    expect(JSON.parse(body)).toMatchObject({ Code: 'FunctionUnhandledError' });
    expect((await fc.fetch(domain)).status).toBe(200);
  });

  test('whose function dies before it has read the body is a 502, too', async () => {
    const { status } = await fc.fetch(`${domain}/die`, {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked' },
      body: Buffer.alloc(8 * 1024 * 1024),
    });
    expect(status).toBe(502);
  });

  test('that takes longer than the timeout is a 504', async () => {
    await fc.createFunction('late', server(''), { timeout: 1 });
    await fc.route('late.example.com', [{ path: '/*', functionName: 'late' }]);
    const { status, body } = await fc.fetch('http://late.example.com/');
    expect(status).toBe(504);
    expect(JSON.parse(body)).toMatchObject({ Code: 'FunctionTimedout' });
  });

  test('beyond the capacity of instances and queue is refused with 429', async () => {
    await fc.createFunction('busy', server(`response.write('held'); if (request.url !== '/hold') response.end()`), {
      timeout: 60,
    });
    await fc.route('busy.example.com', [{ path: '/*', functionName: 'busy' }]);
    const held = await fc.open('http://busy.example.com/hold');
    // Either may arrive first, and wait.
    const others = [fc.fetch('http://busy.example.com/'), fc.fetch('http://busy.example.com/')];
    const refused = await Promise.race(others);
    expect([refused.status, JSON.parse(refused.body)]).toMatchObject([429, { Code: 'ResourceExhausted' }]);
    held.destroy();
    expect((await Promise.all(others)).map(({ status }) => status).sort()).toEqual([200, 429]);
  });
});

describe('a stream', () => {
  test('reaches the client as it is written, while other requests share the instance', async () => {
    const answer = await fc.open(`${domain}/stream?name=shared`);
    const chunks = answer.setEncoding('utf8')[Symbol.asyncIterator]();
    expect((await chunks.next()).value).toBe('data: first\n\n');
    await fc.fetch(`${domain}/finish?name=shared`);
    expect((await chunks.next()).value).toBe('data: last\n\n');
    expect((await chunks.next()).done).toBe(true);
  });

  test('ends for the function when the client goes away', async () => {
    const answer = await fc.open(`${domain}/stream?name=left`);
    answer.destroy();
    // Other requests keep the instance awake, so that it can notice.
    await until(async () => {
      await fc.fetch(domain);
      return fc.lines.some(({ line }) => line === 'closed left');
    });
  });
});

describe('an asynchronous request', () => {
  test('of more than 128 KB is refused', async () => {
    const answer = await fc.open(domain, {
      method: 'POST',
      headers: { 'X-Fc-Invocation-Type': 'Async', 'content-length': 128 * 1024 + 1 },
    });
    expect(answer.statusCode).toBe(400);
    answer.destroy();
  });

  test('is accepted with 202 and delivered to the web function later', async () => {
    await fc.createFunction(
      'later',
      server(`console.log(request.method, request.url, body, request.headers['x-own']); response.end()`),
    );
    await fc.route('later.example.com', [{ path: '/*', functionName: 'later' }]);
    const { status } = await fc.fetch('http://later.example.com/path?q=1', {
      method: 'POST',
      headers: { 'X-Fc-Invocation-Type': 'Async', 'x-own': 'kept' },
      body: 'payload',
    });
    expect(status).toBe(202);
    await until(() => fc.lines.some(({ line }) => line === 'POST /path?q=1 payload kept'));
  });
});

describe('a domain that asks for a token', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const token = (expires: string) =>
    new SignJWT({ sub: 'edge' }).setProtectedHeader({ alg: 'ES256' }).setExpirationTime(expires).sign(privateKey);

  beforeAll(async () => {
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] };
    await fc.client.createCustomDomain(
      new sdk.CreateCustomDomainRequest({
        body: new sdk.CreateCustomDomainInput({
          domainName: 'gated.example.com',
          protocol: 'HTTP',
          routeConfig: new sdk.RouteConfig({ routes: [new sdk.PathConfig({ path: '/*', functionName: 'web' })] }),
          authConfig: new sdk.AuthConfig({
            authType: 'jwt',
            authInfo: JSON.stringify({ jwks, tokenLookup: 'header:X-Edge:Bearer', claimPassBy: 'header:sub:X-Sub' }),
          }),
        }),
      }),
    );
  });
  const get = (headers: Record<string, string>) => fc.fetch('http://gated.example.com/', { headers });

  test('lets one with a valid token through, and passes its claims on', async () => {
    const { status, body } = await get({ 'x-edge': `Bearer ${await token('1 minute')}`, 'x-sub': 'forged' });
    expect(status).toBe(200);
    expect(JSON.parse(body).headers['x-sub']).toBe('edge');
  });

  test('refuses a request without a token, with an expired and with a forged one', async () => {
    expect((await get({})).status).toBe(403);
    expect((await get({ 'x-edge': `Bearer ${await token('1 minute ago')}` })).status).toBe(403);
    const [head, , signature] = (await token('1 minute')).split('.');
    const claims = Buffer.from(JSON.stringify({ sub: 'other' })).toString('base64url');
    expect((await get({ 'x-edge': `Bearer ${head}.${claims}.${signature}` })).status).toBe(403);
  });
});

test('the URL of a disabled trigger answers 403, while custom domains keep working', async () => {
  await fc.createFunction('hidden', server(`response.end('here')`));
  const url = await fc.createHttpTrigger('hidden', { disableURLInternet: true });
  await fc.route('hidden.example.com', [{ path: '/*', functionName: 'hidden' }]);
  expect((await fc.fetch(url)).status).toBe(403);
  expect((await fc.fetch('http://hidden.example.com/')).body).toBe('here');
});
