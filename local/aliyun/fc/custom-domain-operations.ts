import * as z from 'zod';
import { API_VERSION, type ApiCall, type Operation } from './control-plane.ts';
import {
  type CustomDomainInput,
  type CustomDomainRecord,
  type CustomDomainRecords,
  customDomainInput,
  domainName,
} from './custom-domain-records.ts';
import type { FunctionRecords } from './function-records.ts';
import { parseInput } from './function-settings.ts';
import { parseAuthentication } from './trigger-config.ts';

const named = z.looseObject({ domainName });

export function customDomainOperations(
  domains: CustomDomainRecords,
  functions: FunctionRecords,
  accountId: string,
): Operation[] {
  const describe = ({ input, domainName: name, createdTime, lastModifiedTime }: CustomDomainRecord) => {
    const { certConfig, ...settings } = input;
    return {
      accountId,
      apiVersion: API_VERSION,
      domainName: name,
      ...settings,
      // The private key goes in and never comes out.
      ...(certConfig && { certConfig: { certName: certConfig.certName, certificate: certConfig.certificate } }),
      createdTime,
      lastModifiedTime,
    };
  };
  const read = (value: unknown) => {
    const input = parseInput(customDomainInput, value);
    for (const { functionName } of input.routeConfig.routes) functions.get(functionName);
    return { input, jwt: jwtOf(input) };
  };
  const find = (call: ApiCall) => domains.get(call.parameter('domainName'));

  return [
    {
      method: 'POST',
      path: '/custom-domains',
      run(call) {
        const { domainName: name } = parseInput(named, call.json());
        const { input, jwt } = read(call.json());
        return { status: 200, json: describe(domains.create(name, input, jwt)) };
      },
    },
    {
      method: 'GET',
      path: '/custom-domains/:domainName',
      run: (call) => ({ status: 200, json: describe(find(call)) }),
    },
    {
      method: 'PUT',
      path: '/custom-domains/:domainName',
      run(call) {
        const before = find(call);
        const { input, jwt } = read({ ...before.input, ...parseInput(z.looseObject({}), call.json()) });
        return { status: 200, json: describe(domains.update(before.domainName, input, jwt)) };
      },
    },
    {
      method: 'DELETE',
      path: '/custom-domains/:domainName',
      run(call) {
        domains.delete(call.parameter('domainName'));
        return { status: 204 };
      },
    },
  ];
}

const jwtOf = ({ authConfig }: CustomDomainInput) =>
  authConfig && parseAuthentication(authConfig.authType, authConfig.authInfo);
