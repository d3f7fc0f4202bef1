import { wakeUp } from '@miaobu/shared/contracts/messages';
import { AppError } from '@miaobu/shared/kernel/app-error';
import { readJson } from '@miaobu/shared/runtime/web-function';
import middy from '@middy/core';
import { Hono } from 'hono';
import pg from 'pg';
import * as z from 'zod';

/**
 * What packages look like to code that imports them in every way we do. It has to be the same in plain Node, where
 * they are ES modules and come from node_modules, and against the layer, where everything is CommonJS.
 */
export async function probeLayer() {
  const esa = (await import('@alicloud/esa20240910')).default;
  const alidns = (await import('@alicloud/alidns20150109')).default;
  const { $OpenApiUtil } = (await import('@alicloud/openapi-core')).default;
  const { default: OSS } = await import('ali-oss');
  const { default: tablestore } = await import('tablestore');
  const { ProxyAgent, fetch: undiciFetch } = await import('undici');
  const { runner } = await import('node-pg-migrate');

  const config = new $OpenApiUtil.Config({ accessKeyId: 'a', accessKeySecret: 'b', endpoint: '127.0.0.1:1' });
  const oss = new OSS({ accessKeyId: 'a', accessKeySecret: 'b', region: 'cn-hangzhou', bucket: 'bucket' });
  const thrownByShared = await readJson(new Request('http://a.test', { method: 'POST', body: 'a' }), 1).catch(
    (error: unknown) => error,
  );
  const answer = await new Hono().get('/', (c) => c.text('hello')).request('/');
  const refused = z.strictObject({ a: z.string() }).safeParse({ a: 1 });

  return {
    'pg is a default export': typeof pg.Pool,
    'middy is a default export': await middy(async (event: { n: number }) => event.n + 1)({ n: 1 }, {} as never),
    'zod answers in English': refused.error?.issues[0]?.message,
    'a schema of shared is of the same zod': wakeUp instanceof z.ZodObject,
    'an error of shared is of the same class': thrownByShared instanceof AppError && thrownByShared.code,
    'hono answers': await answer.text(),
    'a client of ESA': typeof new esa.default(config).putKv,
    'a request of ESA': new esa.PutKvRequest({ namespace: 'n' }).namespace,
    'a client of AliDNS': typeof new alidns.default(config).addDomainRecord,
    'a client of OSS': typeof oss.put,
    'a client of Tablestore': typeof tablestore.Client,
    'a number of Tablestore': tablestore.Long.fromNumber(7).toNumber(),
    'undici has a proxy': [typeof ProxyAgent, typeof undiciFetch].join(),
    'the runner of migrations': typeof runner,
  };
}
