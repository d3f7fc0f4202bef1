import { type PackageManager, yarnClassic, yarnModern } from '@miaobu/shared/kernel/detect/package-managers';

/**
 * Settings that a manager needs under its own names, because it does not know the common ones: which certificates to
 * trust, and where the registry is.
 */
export function managerSettings(
  manager: PackageManager | undefined,
  { SSL_CERT_FILE: certificates, npm_config_registry: registry }: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  if (manager === yarnClassic) return certificates ? { npm_config_cafile: certificates } : {};
  if (manager !== yarnModern) return {};
  return {
    ...(certificates ? { YARN_HTTPS_CA_FILE_PATH: certificates } : {}),
    ...(registry ? { YARN_NPM_REGISTRY_SERVER: registry } : {}),
  };
}
