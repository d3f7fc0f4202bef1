/**
 * The messages of Tablestore's wire protocol that the emulator speaks, as the SDK's compiled `tablestore.proto` decodes
 * them (protobufjs, camelCase). Optional fields that a request leaves out are read as their defaults; whether a field
 * was sent is told by `Object.hasOwn`.
 */
declare module 'tablestore/lib/protocol/tablestore_compiled_proto.js' {
  interface Codec<Message> {
    decode(bytes: Uint8Array): Message;
    encode(message: Message): { finish(): Uint8Array };
  }

  interface PrimaryKeySchema {
    name: string;
    /** 1 integer, 2 string, 3 binary */
    type: number;
    /** 1 auto increment */
    option?: number;
  }
  interface TableOptions {
    timeToLive?: number;
    maxVersions?: number;
  }
  interface CapacityUnit {
    read?: number;
    write?: number;
  }
  interface TableMeta {
    tableName: string;
    primaryKey: PrimaryKeySchema[];
    definedColumn: unknown[];
  }
  interface Consumed {
    capacityUnit: CapacityUnit;
  }
  interface ReservedThroughputDetails {
    capacityUnit: CapacityUnit;
    lastIncreaseTime: number;
  }
  export interface Condition {
    /** 0 ignore, 1 expect exist, 2 expect not exist */
    rowExistence: number;
    columnCondition?: Uint8Array;
  }
  interface ReturnContent {
    /** 0 none, 1 primary key, 2 after modify */
    returnType?: number;
  }
  interface WriteResult {
    consumed: Consumed;
  }
  export interface RowInBatch {
    /** 1 put, 2 update, 3 delete */
    type: number;
    rowChange: Uint8Array;
    condition: Condition;
    returnContent?: ReturnContent;
  }

  const compiled: {
    main: {
      proto: {
        Error: Codec<{ code: string; message?: string }>;
        CreateTableRequest: Codec<{
          tableMeta: TableMeta;
          reservedThroughput: { capacityUnit: CapacityUnit };
          tableOptions?: TableOptions;
          indexMetas: unknown[];
          streamSpec?: { enableStream: boolean };
        }>;
        CreateTableResponse: Codec<Record<string, never>>;
        UpdateTableRequest: Codec<{
          tableName: string;
          reservedThroughput?: { capacityUnit: CapacityUnit };
          tableOptions?: TableOptions;
          streamSpec?: { enableStream: boolean };
        }>;
        UpdateTableResponse: Codec<{
          reservedThroughputDetails: ReservedThroughputDetails;
          tableOptions: TableOptions;
        }>;
        DescribeTableRequest: Codec<{ tableName: string }>;
        DescribeTableResponse: Codec<{
          tableMeta: Omit<TableMeta, 'definedColumn'>;
          reservedThroughputDetails: ReservedThroughputDetails;
          tableOptions: TableOptions;
          /** 1 active */
          tableStatus: number;
        }>;
        ListTableRequest: Codec<Record<string, never>>;
        ListTableResponse: Codec<{ tableNames: string[] }>;
        PutRowRequest: Codec<{
          tableName: string;
          row: Uint8Array;
          condition: Condition;
          returnContent?: ReturnContent;
        }>;
        PutRowResponse: Codec<WriteResult>;
        DeleteRowRequest: Codec<{
          tableName: string;
          primaryKey: Uint8Array;
          condition: Condition;
          returnContent?: ReturnContent;
        }>;
        DeleteRowResponse: Codec<WriteResult>;
        BatchWriteRowRequest: Codec<{ tables: { tableName: string; rows: RowInBatch[] }[] }>;
        BatchWriteRowResponse: Codec<{
          tables: {
            tableName: string;
            rows: { isOk: boolean; error?: { code: string; message: string }; consumed?: Consumed }[];
          }[];
        }>;
        GetRowRequest: Codec<{
          tableName: string;
          primaryKey: Uint8Array;
          columnsToGet: string[];
          maxVersions?: number;
        }>;
        GetRowResponse: Codec<{ consumed: Consumed; row: Uint8Array }>;
        GetRangeRequest: Codec<{
          tableName: string;
          /** 0 forward, 1 backward */
          direction: number;
          inclusiveStartPrimaryKey: Uint8Array;
          exclusiveEndPrimaryKey: Uint8Array;
          columnsToGet: string[];
          maxVersions?: number;
          limit?: number;
        }>;
        GetRangeResponse: Codec<{ consumed: Consumed; rows: Uint8Array; nextStartPrimaryKey?: Uint8Array }>;
      };
    };
  };
  export default compiled;
}
