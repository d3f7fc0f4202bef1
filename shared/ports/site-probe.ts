/** A look at a site as any visitor has it: through public DNS and the edge. */
export interface SiteProbe {
  /**
   * Id, as it is shown, of the deployment that answers at a hostname. Undefined when the answer belongs to no deployment, or none
   * came in time: it never throws.
   */
  deploymentAt(hostname: string): Promise<string | undefined>;
}
