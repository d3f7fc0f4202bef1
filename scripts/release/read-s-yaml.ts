import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { repositoryRoot } from '../../layers/emit-settings.ts';
import { interpolate } from './interpolate-s-yaml.ts';
import { type DomainProps, type FunctionProps, parseSYaml } from './s-yaml-schema.ts';

/** What s.yaml asks for, with everything filled in. */
export interface PlatformResources {
  /** Key in `resources` → function. */
  readonly functions: ReadonlyMap<string, FunctionProps>;
  readonly domain: DomainProps;
}

export const readSYamlText = () => readFile(path.join(repositoryRoot, 's.yaml'), 'utf8');

/** The document as it is written, anchors and merge keys followed (YAML 1.1's `<<`, as Serverless Devs reads it). */
export const parseYaml = (text: string): unknown => parse(text, { merge: true });

/**
 * Reads s.yaml as Serverless Devs would, for the components fc3 and fc3-domain. Throws one error that names every variable
 * that is missing, or everything that violates our own schema.
 */
export function readSYaml(text: string, environment: Readonly<Record<string, string | undefined>>): PlatformResources {
  const { resources } = parseSYaml(interpolate(parseYaml(text), environment));
  const functions = new Map<string, FunctionProps>();
  let domain: DomainProps | undefined;
  for (const [key, resource] of Object.entries(resources)) {
    if (resource.component === 'fc3') functions.set(key, resource.props);
    else if (domain) throw new Error('s.yaml: there can be one fc3-domain');
    else domain = resource.props;
  }
  if (!domain) throw new Error('s.yaml: there is no fc3-domain');
  return { functions, domain };
}
