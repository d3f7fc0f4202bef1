import type { Seal, Sealer } from '../../kernel/seal.ts';
import { variableContext } from '../project/project.ts';
import type { Variable } from './variable-repository.ts';

type Place = Pick<Variable, 'projectId' | 'environment' | 'key'>;

const contextOf = ({ projectId, environment, key }: Place) => variableContext(projectId, environment, key);

/** The stored form of a value: it opens only for this name in this environment. */
export const sealValue = (seal: Seal, place: Place, value: string) => ({
  sealed: seal(value, contextOf(place)),
  bytes: Buffer.byteLength(place.key) + Buffer.byteLength(value),
});

/** The plain value of a variable. Throws `secret_unreadable` when it was sealed for another place or its key is gone. */
export const openValue = (sealer: Sealer, variable: Place & Pick<Variable, 'sealed'>): Promise<string> =>
  sealer.open(variable.sealed, contextOf(variable));
