/** Temporary cloud credentials of this function. */
export interface CloudCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

/**
 * Function Compute puts the role's credentials into the environment once (valid 36 hours) and renews them in the headers of every request
 * (`x-fc-access-key-id`, …); clients cannot set `x-fc-*`. An instance that lives for days must use the latest.
 */
export function createCredentials(initial: CloudCredentials) {
  let current = initial;
  return {
    current: () => current,
    renew(header: (name: string) => string | null | undefined): void {
      const accessKeyId = header('x-fc-access-key-id');
      const accessKeySecret = header('x-fc-access-key-secret');
      const securityToken = header('x-fc-security-token');
      if (accessKeyId && accessKeySecret && securityToken) current = { accessKeyId, accessKeySecret, securityToken };
    },
  };
}
