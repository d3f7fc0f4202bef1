import { AppError } from '../../kernel/app-error.ts';
import type { AlertChannel } from '../../ports/alert-channel.ts';

const TIMEOUT_MS = 10_000;

/**
 * Alerts as JSON to a URL of the operator's (DingTalk, Feishu and WeCom bots need a small relay; Alertmanager and most others accept it
 * as it is). Any 2xx counts as received.
 */
export const webhookAlertChannel = (config: { readonly url: string }): AlertChannel => ({
  async send(alert) {
    let status: number;
    try {
      const response = await fetch(config.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alert),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      ({ status } = response);
    } catch (cause) {
      throw new AppError('alert_undeliverable', { cause });
    }
    if (status < 200 || status >= 300) throw new AppError('alert_undeliverable', { message: `answered ${status}` });
  },
});
