import { AppError } from '../../kernel/app-error.ts';
import { readRetryAfter } from '../../kernel/read-retry-after.ts';
import type { AlertChannel } from '../../ports/alert-channel.ts';

const TIMEOUT_MS = 10_000;
/** The least wait after a 429. */
const THROTTLED_SECONDS = 60;

/**
 * Alerts as JSON to a URL of the operator's (DingTalk, Feishu and WeCom bots need a small relay; Alertmanager and most others accept it
 * as it is). Any 2xx counts as received.
 */
export const webhookAlertChannel = (config: { readonly url: string }): AlertChannel => ({
  async send(alert) {
    let response: Response;
    try {
      response = await fetch(config.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alert),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
    } catch (cause) {
      throw new AppError('alert_undeliverable', { cause });
    }
    const { status, headers } = response;
    if (status >= 200 && status < 300) return;
    const stated = readRetryAfter(headers.get('retry-after'), Date.now()) ?? 0;
    const retryAfterSeconds = status === 429 ? Math.max(THROTTLED_SECONDS, stated) : stated;
    throw new AppError('alert_undeliverable', {
      message: `answered ${status}`,
      details: { status, ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }) },
    });
  },
});
