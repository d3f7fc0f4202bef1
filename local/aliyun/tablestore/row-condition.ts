import type { Condition } from 'tablestore/lib/protocol/tablestore_compiled_proto.js';
import { OtsError, parameterInvalid, refuseFields } from './ots-error.ts';

const rowExistence = { ignore: 0, expectExist: 1, expectNotExist: 2 } as const;

/** What a write expects of the row before it. Conditions on columns are refused. */
export interface RowCondition {
  readonly expectsExistence: boolean | undefined;
}

export function readRowCondition(condition: Condition): RowCondition {
  refuseFields('a write', condition, ['columnCondition']);
  switch (condition.rowExistence) {
    case rowExistence.ignore:
      return { expectsExistence: undefined };
    case rowExistence.expectExist:
      return { expectsExistence: true };
    case rowExistence.expectNotExist:
      return { expectsExistence: false };
    default:
      throw parameterInvalid(`Invalid row-existence expectation: ${condition.rowExistence}.`);
  }
}

export function checkRowCondition(condition: RowCondition, exists: boolean): void {
  if (condition.expectsExistence === undefined || condition.expectsExistence === exists) return;
  throw new OtsError(403, 'OTSConditionCheckFail', 'Condition check failed.');
}
