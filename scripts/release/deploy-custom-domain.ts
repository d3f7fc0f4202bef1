import { type Fc, ifThere } from './aliyun-clients.ts';
import { customDomainOf } from './fc3-requests.ts';
import type { DomainProps } from './s-yaml-schema.ts';
import { differingSettings } from './same-settings.ts';

/**
 * Makes the custom domain lead to the functions s.yaml names. An existing certificate is kept: the update names none. True
 * when something had to be done.
 */
export async function deployCustomDomain({ client, sdk }: Fc, props: DomainProps): Promise<boolean> {
  const { domainName, ...wanted } = customDomainOf(props);
  const found = (await ifThere(client.getCustomDomain(domainName)))?.body;
  if (found && differingSettings(wanted, found).length === 0) return false;
  const { protocol } = wanted;
  const routes = wanted.routeConfig.routes.map((route) => new sdk.PathConfig(route));
  const routeConfig = new sdk.RouteConfig({ routes });
  if (found) {
    const body = new sdk.UpdateCustomDomainInput({ protocol, routeConfig });
    await client.updateCustomDomain(domainName, new sdk.UpdateCustomDomainRequest({ body }));
  } else {
    const body = new sdk.CreateCustomDomainInput({ domainName, protocol, routeConfig });
    await client.createCustomDomain(new sdk.CreateCustomDomainRequest({ body }));
  }
  return true;
}
