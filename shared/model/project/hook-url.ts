import { showId } from '../../kernel/ids.ts';

/** Where the code host delivers the pushes of a project. */
export const hookUrl = (controlOrigin: string, projectId: string) =>
  `${controlOrigin}/webhooks/github/${showId('project', projectId)}`;
