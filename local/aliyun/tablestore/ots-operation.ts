import compiled from 'tablestore/lib/protocol/tablestore_compiled_proto.js';
import { OtsError, parameterInvalid } from './ots-error.ts';
import type { RowStore } from './row-store.ts';
import type { Table } from './table-schema.ts';

/** The messages of the SDK's own `tablestore.proto`. */
export const messages = compiled.main.proto;

/** One operation of the API: protobuf request in, protobuf response out, `OtsError` thrown. */
export type OtsOperation = (store: RowStore, body: Buffer) => Uint8Array;

/** An operation from its two messages. */
export function operation<Request, Response>(
  request: { decode(bytes: Uint8Array): Request },
  response: { encode(message: Response): { finish(): Uint8Array } },
  perform: (store: RowStore, request: Request) => Response,
): OtsOperation {
  return (store, body) => {
    let decoded: Request;
    try {
      decoded = request.decode(body);
    } catch {
      throw parameterInvalid('Failed to parse the ProtoBuf message.');
    }
    return response.encode(perform(store, decoded)).finish();
  };
}

export function existingTable(store: RowStore, name: string): Table {
  const table = store.table(name);
  if (!table) throw new OtsError(404, 'OTSObjectNotExist', 'Requested table does not exist.');
  return table;
}

const CAPACITY_UNIT_BYTES = 4096;

/** A capacity unit is 4 KB; fractions are rounded up. */
export const capacityUnits = (bytes: number) => Math.max(1, Math.ceil(bytes / CAPACITY_UNIT_BYTES));
