import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Emulator, readBody } from '../../wire/emulator.ts';
import type { Account } from '../account.ts';
import { OtsError, unsupported } from './ots-error.ts';
import { messages, type OtsOperation } from './ots-operation.ts';
import { getRange, getRow } from './read-operations.ts';
import { openRowStore } from './row-store.ts';
import { createTable, describeTable, listTable, updateTable } from './table-operations.ts';
import { verifyOtsSignature } from './verify-ots-signature.ts';
import { batchWriteRow, deleteRow, putRow } from './write-operations.ts';

// The largest valid request is 4 MB of data, and its encoding.
const MAX_BODY_BYTES = 8 * 1024 * 1024;

const operations = new Map<string, OtsOperation>(
  Object.entries({
    CreateTable: createTable,
    UpdateTable: updateTable,
    DescribeTable: describeTable,
    ListTable: listTable,
    PutRow: putRow,
    DeleteRow: deleteRow,
    BatchWriteRow: batchWriteRow,
    GetRow: getRow,
    GetRange: getRange,
  }),
);

export interface TablestoreEmulatorOptions {
  readonly account: Account;
  /** Folder of the SQLite file, or `:memory:`. */
  readonly stateDirectory: string;
  /** The only instance. */
  readonly instanceName: string;
  /** Milliseconds since 1970: for checking requests' dates and expiring rows. */
  readonly now?: () => number;
}

/**
 * Tablestore's wide-column API (version 2015-12-31): `POST /{Operation}` with a protobuf body, rows in PlainBuffer.
 * One version a column, no filters, no conditions on columns, no updates, indexes or transactions: what is not here is
 * refused as `OTSUnsupportOperation`. Acknowledged writes survive a restart.
 */
export function createTablestoreEmulator({
  account,
  stateDirectory,
  instanceName,
  now = () => Date.now(),
}: TablestoreEmulatorOptions): Emulator {
  const store = openRowStore(stateDirectory, now);

  const answer = async (request: IncomingMessage): Promise<Uint8Array> => {
    if (request.method !== 'POST') {
      throw new OtsError(405, 'OTSMethodNotAllowed', 'Only POST method for requests is supported.');
    }
    const name = (request.url ?? '/').slice(1).split('?')[0] ?? '';
    const operation = operations.get(name);
    if (!operation) throw unsupported(name);
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      throw new OtsError(413, 'OTSRequestBodyTooLarge', 'The size of POST data is too large.');
    }
    const body = await readBody(request, MAX_BODY_BYTES);
    verifyOtsSignature({ account, instanceName, now }, request, body);
    return operation(store, body);
  };

  return {
    async handle(request, response) {
      const headers = { 'content-type': 'application/x.pb2', 'x-ots-requestid': randomUUID() };
      try {
        const body = await answer(request);
        response.writeHead(200, headers).end(body);
      } catch (error) {
        if (!(error instanceof OtsError)) throw error;
        request.resume();
        response.writeHead(error.status, headers);
        response.end(messages.Error.encode({ code: error.code, message: error.message }).finish());
      }
    },
    close: async () => store.close(),
  };
}
