import type { IncomingMessage } from 'node:http';
import type { Emulator } from './wire/emulator.ts';
import type { Faults } from './wire/faults.ts';

/** The services of the local cloud that share one port, by the names that faults use. */
export interface Services {
  readonly fc: Emulator & { servesHost(host: string): boolean };
  readonly esa: Emulator;
  readonly alidns: Emulator;
  readonly tablestore: Emulator;
  readonly github: Emulator;
  readonly oss: Emulator;
}

const ESA_VERSION = '2024-09-10';
const ALIDNS_VERSION = '2015-01-09';
const FC_PATH = '/2023-03-30/';
export const GITHUB_PATH = '/github';
const CONTROL_PATH = '/_faults';

/** Which service a request is for. On the real internet the hostname decides; here it is the form of each protocol. */
function serviceOf(request: IncomingMessage, services: Services): keyof Services {
  const path = request.url ?? '/';
  const version = request.headers['x-acs-version'];
  if (version === ESA_VERSION) return 'esa';
  if (version === ALIDNS_VERSION) return 'alidns';
  if (path.startsWith(FC_PATH) || services.fc.servesHost(request.headers.host ?? '')) return 'fc';
  if (request.headers['x-ots-apiversion'] !== undefined) return 'tablestore';
  if (path === GITHUB_PATH || path.startsWith(`${GITHUB_PATH}/`)) return 'github';
  return 'oss';
}

/** One port for the cloud's own endpoints, with faults in front of every service and their control API at `/_faults`. */
export function createGateway(services: Services, faults: Faults): Pick<Emulator, 'handle'> {
  const wrapped = Object.fromEntries(
    Object.entries(services).map(([name, emulator]) => [name, faults.wrap(name, emulator)]),
  ) as unknown as Record<keyof Services, Emulator>;
  return {
    handle(request, response) {
      if (request.url === CONTROL_PATH) return faults.control(request, response);
      return wrapped[serviceOf(request, services)].handle(request, response);
    },
  };
}
