import { type Acs3Credentials, acs3Headers } from '@miaobu/shared/adapters/aliyun/acs3-request';

const VERSION = '2023-03-30';

/** The few Function Compute calls a test needs, as requests signed by the operator. */
export function functionCompute(endpoint: string, credentials: Acs3Credentials) {
  const { host, origin } = new URL(endpoint);
  const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, action: string, body = '') => {
    const contentType = 'application/octet-stream';
    const request = { method, host, path: `/${VERSION}${path}`, action, version: VERSION, body, contentType };
    const answer = await fetch(`${origin}/${VERSION}${path}`, {
      method,
      headers: acs3Headers(request, credentials),
      // Bytes, because fetch adds a content type of its own to a string, after the signature.
      ...(body === '' ? {} : { body: Buffer.from(body) }),
    });
    return { status: answer.status, failed: answer.headers.get('x-fc-error-type'), text: await answer.text() };
  };

  return {
    /** Runs a function as its timer does and waits until it ends, in whatever way. Returns its answer. */
    async invoke(name: 'deploy' | 'cleanup'): Promise<string> {
      const { status, failed, text } = await call(
        'POST',
        `/functions/miaobu-${name}/invocations`,
        'InvokeFunction',
        '{}',
      );
      return `${status} ${failed ?? ''} ${text}`;
    },
    async removeTimers(name: 'deploy' | 'cleanup'): Promise<void> {
      const path = `/functions/miaobu-${name}/triggers`;
      const { triggers } = JSON.parse((await call('GET', path, 'ListTriggers')).text) as {
        triggers: { triggerName: string; triggerType: string }[];
      };
      const timers = triggers.filter(({ triggerType }) => triggerType === 'timer');
      if (timers.length === 0) throw new Error(`${name} has no timer`);
      for (const { triggerName } of timers) await call('DELETE', `${path}/${triggerName}`, 'DeleteTrigger');
    },
  };
}
