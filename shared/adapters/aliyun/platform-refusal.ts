import { AppError } from '../../kernel/app-error.ts';

/** An error response of one of Alibaba Cloud's services. */
export interface AliyunRefusal {
  /** As in the error code `{service}_unavailable`. */
  readonly service: string;
  readonly statusCode: number | undefined;
  /** The vendor's code, such as `NoPermission`. */
  readonly code: string;
  /** The permission that is missing, such as `esa:PutKv`, where the response names it. */
  readonly permission?: string | undefined;
  readonly cause: unknown;
}

const IDENTITY =
  /AccessKey|SecurityToken|Signature|TimeStamp|RequestTimeTooSkewed|MissingAuthorization|AuthFailed|OTSAuthFailed/i;
const ACCOUNT = /Arrear|Overdue|Balance|Owing|UserDisable|Suspend|NotOpen|NotActivat|InstanceStatus|Quota/i;
const PERMISSION = /NoPermission|Forbidden|AccessDenied|Unauthorized|NotAuthorized/i;
/** What the release's configuration names and does not exist: the site, the KV namespace, the bucket, the domain, the table. */
const SETTING =
  /^(SiteNotFound|InvalidNameSpace\.NotFound|NoSuchBucket|OTSObjectNotExist|OTSInstanceNotExist|.*DomainName\..*|DomainNotExist.*)$/;

const remedies: readonly [kind: RegExp, remedy: string][] = [
  [
    IDENTITY,
    'Check the credentials: the role of the functions (MIAOBU_ROLE_ARN) must exist and its keys must be enabled.',
  ],
  [
    ACCOUNT,
    'Check the Alibaba Cloud account: unpaid bills, a service that is not activated, or a quota that is used up.',
  ],
  [SETTING, 'Check the configuration of the release: what it names does not exist in this account and region.'],
];
const GRANT = 'Grant the role of the functions this permission in its RAM policy.';

/**
 * `platform_misconfigured` when a response refuses the platform as such: its credentials, its permissions, its account or its
 * configuration. No piece of work is at fault, and the same request succeeds once the operator has mended it. Else undefined. The vendor's
 * text is left out: that of a wrong signature repeats the request, with its token.
 */
export function platformRefusal({ service, statusCode, code, permission, cause }: AliyunRefusal): AppError | undefined {
  const known = remedies.find(([kind]) => kind.test(code));
  const isRefused = statusCode === 401 || statusCode === 402 || statusCode === 403;
  if (!known && !isRefused && !PERMISSION.test(code)) return undefined;
  const missing = permission === undefined ? '' : `, permission ${permission}`;
  const message = `Alibaba Cloud refuses the platform's access to ${service}: ${code || `status ${statusCode}`}${missing}`;
  return new AppError('platform_misconfigured', { message, remedy: known?.[1] ?? GRANT, details: { service }, cause });
}
