import { createHmac } from 'node:crypto';

/** What a signed call is made with. `securityToken` is set for temporary (STS) credentials only. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

/**
 * The one Aliyun account of the local cloud. Emulators ask it for the secret of an access key and verify the signature;
 * function instances get the temporary credentials of their role from it, as Function Compute gives them.
 */
export interface Account {
  readonly accountId: string;
  readonly region: string;
  /** The operator's own long-lived key (what `s config add` would hold). */
  readonly operator: Credentials;
  /** Temporary credentials of a RAM role (`acs:ram::{account}:role/{name}`), stable for one account. */
  roleCredentials(roleArn: string): Credentials;
  /** Secret and, for temporary keys, the token that must accompany it. Undefined for an unknown key. */
  find(accessKeyId: string): Credentials | undefined;
}

const LOCAL_ACCOUNT_ID = '1000000000000001';
export const LOCAL_REGION = 'cn-hangzhou';

/** `seed` is random per local cloud and kept in its state folder: keys differ between machines and survive a restart. */
export function createAccount(seed: string, accountId = LOCAL_ACCOUNT_ID, region = LOCAL_REGION): Account {
  const derive = (purpose: string) => createHmac('sha256', seed).update(purpose).digest('base64url');
  const operator = {
    accessKeyId: `LTAI${derive('operator id').slice(0, 20)}`,
    accessKeySecret: derive('operator secret').slice(0, 30),
  };
  const known = new Map<string, Credentials>([[operator.accessKeyId, operator]]);
  return {
    accountId,
    region,
    operator,
    roleCredentials(roleArn) {
      const credentials = {
        accessKeyId: `STS.${derive(`id ${roleArn}`).slice(0, 22)}`,
        accessKeySecret: derive(`secret ${roleArn}`).slice(0, 40),
        securityToken: derive(`token ${roleArn}`),
      };
      known.set(credentials.accessKeyId, credentials);
      return credentials;
    },
    find: (accessKeyId) => known.get(accessKeyId),
  };
}
