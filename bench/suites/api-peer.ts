// The minimum that can answer the same request: one route, one statement, JSON; no credential, no limit, no schema.
// argv: the framework, and as JSON the database and the statement. Prints its port.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import fastify from 'fastify';
import { Hono } from 'hono';
import pg from 'pg';
import * as z from 'zod';

const [, , framework, given = '{}'] = process.argv;
const { databaseUrl, poolSize, text, values } = z
  .object({ databaseUrl: z.string(), poolSize: z.number(), text: z.string(), values: z.array(z.unknown()) })
  .parse(JSON.parse(given));
const pool = new pg.Pool({ connectionString: databaseUrl, max: poolSize });
const answer = async () => ({ data: (await pool.query(text, values)).rows });

async function listen(): Promise<number> {
  if (framework === 'fastify') {
    const app = fastify();
    app.get('/', answer);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return (app.server.address() as AddressInfo).port;
  }
  const app = new Hono();
  app.get('/', async (c) => c.json(await answer()));
  const server = createServer(getRequestListener(app.fetch));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

process.stdout.write(`${await listen()}\n`);
// The pipe is closed when the bench ends, however it ends.
process.stdin.resume().once('end', () => process.exit());
