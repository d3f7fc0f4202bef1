import type { ManifestFile } from '@miaobu/shared/contracts/manifest';

export type Encoding = 'br' | 'gzip' | 'identity';

/** The weight of every coding an Accept-Encoding header lists (RFC 9110 §12.5.3); an unreadable weight counts as 0. */
function weightsOf(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const item of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight === undefined ? 1 : Number(weight) || 0);
  }
  return weights;
}

/**
 * Which of a file's stored forms to send. The visitor's weights decide; where they leave it open, the smaller form
 * wins: br, then gzip, then the file itself. Without a header, and when nothing stored is acceptable, the file itself.
 */
export function chooseEncoding(header: string | null, twins: ManifestFile['encodings']): Encoding {
  if (!header || !twins) return 'identity';
  const weights = weightsOf(header);
  let best: Encoding = 'identity';
  let bestWeight = weights.get('identity') ?? 0;
  for (const name of ['gzip', 'br'] as const) {
    const weight = weights.get(name) ?? weights.get('*') ?? 0;
    if (twins[name] && weight > 0 && weight >= bestWeight) {
      best = name;
      bestWeight = weight;
    }
  }
  return best;
}
