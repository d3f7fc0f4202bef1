import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { alreadyExists, notFound } from './fc-errors.ts';
import { isoSeconds, recordOf } from './fc-state.ts';
import { functionName } from './function-settings.ts';
import type { JwtAuthentication } from './jwt-authentication.ts';

export const domainName = z
  .string()
  .regex(/^(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.)+[A-Za-z]{2,}$/, 'must be a domain name, or *. and one');

const route = z.object({
  path: z.string().regex(/^\/[^*]*\*?$/, "must begin with '/'; a '*' may stand at its end"),
  functionName,
  qualifier: z.literal('LATEST', 'the local cloud has no versions and aliases: use LATEST').default('LATEST'),
  methods: z.array(z.string()).optional(),
  rewriteConfig: z.undefined('the local cloud does not rewrite paths').optional(),
});
export type DomainRoute = z.output<typeof route>;

/** What Create- and UpdateCustomDomain take. FC refuses a private key that is not PKCS#1. */
export const customDomainInput = z
  .object({
    protocol: z.enum(['HTTP', 'HTTPS', 'HTTP,HTTPS']).default('HTTP'),
    routeConfig: z.object({ routes: z.array(route).default([]) }).default({ routes: [] }),
    certConfig: z
      .object({
        certName: z.string(),
        certificate: z.string().includes('BEGIN CERTIFICATE'),
        privateKey: z.string().includes('BEGIN RSA PRIVATE KEY', 'must be a PKCS#1 key (BEGIN RSA PRIVATE KEY)'),
      })
      .optional(),
    tlsConfig: z.unknown().optional(),
    wafConfig: z.unknown().optional(),
    corsConfig: z.undefined('the local cloud does not answer CORS for functions').optional(),
    authConfig: z.object({ authType: z.string().default('anonymous'), authInfo: z.string().optional() }).optional(),
  })
  .refine(({ protocol, certConfig }) => !protocol.includes('HTTPS') || certConfig, 'certConfig: HTTPS needs one');
export type CustomDomainInput = z.output<typeof customDomainInput>;

export interface CustomDomainRecord {
  readonly domainName: string;
  readonly input: CustomDomainInput;
  readonly jwt: JwtAuthentication | undefined;
  readonly createdTime: string;
  readonly lastModifiedTime: string;
}

export interface CustomDomainRecords {
  create(domainName: string, input: CustomDomainInput, jwt: JwtAuthentication | undefined): CustomDomainRecord;
  update(domainName: string, input: CustomDomainInput, jwt: JwtAuthentication | undefined): CustomDomainRecord;
  find(domainName: string): CustomDomainRecord | undefined;
  /** Throws `DomainNameNotFound`. */
  get(domainName: string): CustomDomainRecord;
  delete(domainName: string): void;
}

export function createCustomDomainRecords(database: DatabaseSync, now: () => number): CustomDomainRecords {
  const find = (name: string) =>
    recordOf<CustomDomainRecord>(database.prepare('select record from custom_domains where name = ?').get(name));
  const get = (name: string) => {
    const record = find(name);
    if (!record) throw notFound('DomainName', `domain name '${name}'`);
    return record;
  };
  return {
    find,
    get,
    create(name, input, jwt) {
      if (find(name)) throw alreadyExists('DomainName', `domain name '${name}'`);
      const time = isoSeconds(now());
      const record = { domainName: name, input, jwt, createdTime: time, lastModifiedTime: time };
      database.prepare('insert into custom_domains (name, record) values (?, ?)').run(name, JSON.stringify(record));
      return record;
    },
    update(name, input, jwt) {
      const record = { ...get(name), input, jwt, lastModifiedTime: isoSeconds(now()) };
      database.prepare('update custom_domains set record = ? where name = ?').run(JSON.stringify(record), name);
      return record;
    },
    delete(name) {
      get(name);
      database.prepare('delete from custom_domains where name = ?').run(name);
    },
  };
}
