import type { Deployment } from '@miaobu/shared/model/deployment/deployment';
import { isInProgress } from '@miaobu/shared/model/deployment/deployment-lifecycle';

/** Whether a deployment's content is there, or on its way: it has not failed, and was neither cancelled nor purged. */
export const isBuiltOrPending = ({ status }: Pick<Deployment, 'status'>) =>
  status === 'deployed' || isInProgress(status);
