/** Views a site as a visitor would: through public DNS and the edge. */
export interface SiteProbe {
  /**
   * Public id of the deployment that answers at a hostname. Undefined when the answer belongs to no deployment, or none came in time: it
   * never throws.
   */
  deploymentAt(hostname: string): Promise<string | undefined>;
}
