import type { User } from '@miaobu/shared/model/account/account-repository';
import type { Actor } from '../../functions/api/operation.ts';

/** This user, signed in. For calling an operation without HTTP. */
export const signedIn = (user: User): Actor => ({ user, credential: { kind: 'session', sessionId: 'of a test' } });
