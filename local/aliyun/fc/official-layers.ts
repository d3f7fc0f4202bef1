import { notFound } from './fc-errors.ts';

/**
 * Aliyun's own layers as the local cloud provides them: name of the layer → path under `/opt` → file of this machine it
 * links to. Any version of such a layer is the same here.
 */
export type OfficialLayers = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Node 22 is the one that runs the local cloud: the real layer is 120 MB, a link takes no space. */
export const nodeOfThisProcess: OfficialLayers = { Nodejs22: { 'nodejs22/bin/node': process.execPath } };

/**
 * The links of an official layer; undefined for the ARN of a layer of the account. Throws `LayerVersionNotFound` for an
 * official layer this machine does not provide. Form: `acs:fc:{region}:official:layers/{name}/versions/{n}`.
 */
export function officialLayerLinks(
  provided: OfficialLayers,
  region: string,
  arn: string,
): Readonly<Record<string, string>> | undefined {
  const match = /^acs:fc:([^:]+):official:layers\/([^/]+)\/versions\/\d+$/.exec(arn);
  if (!match) return undefined;
  const links = match[1] === region ? provided[match[2] ?? ''] : undefined;
  if (links) return links;
  const known = Object.keys(provided).map((name) => `acs:fc:${region}:official:layers/${name}/versions/…`);
  throw notFound('LayerVersion', `layer '${arn}' (the local cloud provides ${known.join(', ') || 'none'})`);
}
