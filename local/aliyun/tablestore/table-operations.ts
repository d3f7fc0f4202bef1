import { OtsError, parameterInvalid, refuseFields, unsupported } from './ots-error.ts';
import { existingTable, messages, operation } from './ots-operation.ts';
import { checkTable, checkTimeToLive, type Table } from './table-schema.ts';

const MAX_TABLES = 64;
const ACTIVE = 1;

export const createTable = operation(messages.CreateTableRequest, messages.CreateTableResponse, (store, request) => {
  const { tableMeta, tableOptions } = request;
  if (tableMeta.definedColumn.length > 0) throw unsupported('CreateTable with definedColumn');
  if (request.indexMetas.length > 0) throw unsupported('CreateTable with indexMetas');
  if (request.streamSpec?.enableStream) throw unsupported('CreateTable with streamSpec');
  // Not `column.option`: protobuf's default of an absent enumeration is its first value, AUTO_INCREMENT.
  if (tableMeta.primaryKey.some((column) => Object.hasOwn(column, 'option'))) {
    throw unsupported('CreateTable with AUTO_INCREMENT');
  }
  const { read, write } = request.reservedThroughput.capacityUnit;
  if (read || write) throw parameterInvalid('Can not reserve read capacity unit on capacity.');
  if (!tableOptions || !Object.hasOwn(tableOptions, 'timeToLive')) {
    throw parameterInvalid('Time-to-live is missing while creating table.');
  }
  if (!tableOptions.maxVersions) throw parameterInvalid('MaxVersions is missing while creating table.');
  if (tableOptions.maxVersions !== 1) throw unsupported('CreateTable with maxVersions above 1');

  const table: Table = {
    name: tableMeta.tableName,
    primaryKey: tableMeta.primaryKey.map(({ name, type }) => ({ name, type })),
    timeToLive: tableOptions.timeToLive ?? 0,
  };
  checkTable(table);
  if (store.table(table.name)) throw new OtsError(409, 'OTSObjectAlreadyExist', 'Requested table already exists.');
  if (store.tableNames().length >= MAX_TABLES) {
    throw new OtsError(403, 'OTSQuotaExhausted', 'Number of tables exceeded the quota.');
  }
  store.createTable(table);
  return {};
});

/** Changes the time to live; nothing else of a table can be changed here. */
export const updateTable = operation(messages.UpdateTableRequest, messages.UpdateTableResponse, (store, request) => {
  refuseFields('UpdateTable', request, ['reservedThroughput', 'streamSpec']);
  const table = existingTable(store, request.tableName);
  const { tableOptions } = request;
  if (tableOptions?.maxVersions && tableOptions.maxVersions !== 1)
    throw unsupported('UpdateTable with maxVersions above 1');
  if (!tableOptions?.timeToLive) throw parameterInvalid('No parameter is specified in table options.');
  checkTimeToLive(tableOptions.timeToLive);
  store.setTimeToLive(table, tableOptions.timeToLive);
  return {
    reservedThroughputDetails: noReservedThroughput(),
    tableOptions: { timeToLive: tableOptions.timeToLive, maxVersions: 1 },
  };
});

export const describeTable = operation(
  messages.DescribeTableRequest,
  messages.DescribeTableResponse,
  (store, { tableName }) => {
    const table = existingTable(store, tableName);
    return {
      tableMeta: { tableName, primaryKey: table.primaryKey.map(({ name, type }) => ({ name, type })) },
      reservedThroughputDetails: noReservedThroughput(),
      tableOptions: { timeToLive: table.timeToLive, maxVersions: 1 },
      tableStatus: ACTIVE,
    };
  },
);

export const listTable = operation(messages.ListTableRequest, messages.ListTableResponse, (store) => ({
  tableNames: store.tableNames(),
}));

const noReservedThroughput = () => ({ capacityUnit: { read: 0, write: 0 }, lastIncreaseTime: 0 });
