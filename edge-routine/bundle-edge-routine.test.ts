import { createContext, runInContext } from 'node:vm';
import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { bundleEdgeRoutine } from './bundle-edge-routine.ts';
import { deploymentId, imitateEdge } from './testing/imitated-edge.ts';

/** Everything the routine may find at the edge. No process, Buffer, require, timers, and no eval. */
const WEB_PLATFORM = { Request, Response, Headers, URL, TextEncoder, TextDecoder };

async function runBundle(globals: object): Promise<{ fetch(request: Request, ...more: object[]): Promise<Response> }> {
  const script = await transform(await bundleEdgeRoutine(), { format: 'iife', globalName: 'routine' });
  const context = createContext({ ...WEB_PLATFORM, ...globals }, { codeGeneration: { strings: false, wasm: false } });
  return runInContext(`${script.code};routine.default`, context);
}

describe('the bundle', () => {
  test('is one module below 20 KB that imports nothing', async () => {
    const source = await bundleEdgeRoutine();
    expect(new TextEncoder().encode(source).length).toBeLessThan(20 * 1024);
    expect(source).not.toMatch(/\bimport\b|\brequire\b|\bprocess\b|\bBuffer\b/);
  });

  test('is the same text every time, so that an unchanged routine is not published again', async () => {
    expect(await bundleEdgeRoutine()).toBe(await bundleEdgeRoutine());
  });

  test('serves a site with nothing but the web platform, EdgeKV and fetch', async () => {
    const edge = imitateEdge();
    edge.deploy({ files: { 'index.html': 'home', 'about/index.html': 'about', 'a.txt': 'text' } });
    const asked: object[] = [];
    class EdgeKV {
      readonly #namespace: string;
      constructor({ namespace }: { namespace: string }) {
        this.#namespace = namespace;
      }
      get(key: string, options: object) {
        asked.push(options);
        return edge.lookup(this.#namespace, key);
      }
    }
    const fetched: object[] = [];
    const fetch = (request: Request, options: object) => {
      fetched.push(options);
      return edge.fetchOrigin(request);
    };
    const routine = await runBundle({ EdgeKV, fetch });
    const visit = (path: string, headers: Record<string, string> = {}) =>
      routine.fetch(new Request(`https://blog.sites.example${path}`, { headers }), {}, {});

    const home = await visit('/');
    expect([home.status, await home.text()]).toEqual([200, 'home']);
    expect(home.headers.get('x-miaobu-deployment')).toBe(deploymentId('one'));
    const tag = home.headers.get('etag') ?? '';
    expect((await visit('/', { 'if-none-match': tag })).status).toBe(304);
    expect((await visit('/about')).headers.get('location')).toBe('/about/');
    expect(await (await visit('/a.txt', { range: 'bytes=1-2' })).text()).toBe('ex');
    expect((await visit('/%00')).status).toBe(400);
    expect(await (await visit('/missing')).text()).toContain('页面不存在');
    expect(new Set(asked.map((options) => JSON.stringify(options)))).toEqual(new Set(['{"type":"text"}']));
    expect(new Set(fetched.map((options) => JSON.stringify(options)))).toEqual(new Set(['{"decompress":"manual"}']));
  });

  test('writes one line of JSON for the operator when KV fails', async () => {
    const lines: string[] = [];
    class EdgeKV {
      get() {
        return Promise.reject(new Error('down'));
      }
    }
    const routine = await runBundle({ EdgeKV, console: { error: (line: string) => lines.push(line) } });
    expect((await routine.fetch(new Request('https://blog.sites.example/'))).status).toBe(503);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { event: 'route_unreadable', hostname: 'blog.sites.example', reason: 'Error: down' },
    ]);
  });
});
