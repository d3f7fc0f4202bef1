/** The part of Tablestore's SDK that we use; it comes without types (`tablestore@5.6.5`, `lib/*.js`). */
declare module 'tablestore' {
  /** The SDK's INTEGER. A plain number is written as a DOUBLE. */
  export interface Integer {
    toNumber(): number;
  }
  /** One column: its name and value. */
  export type Column<Value> = Record<string, Value>;
  export type KeyColumn = Column<string | Integer | Bound>;
  /** `INF_MIN` or `INF_MAX`. */
  export interface Bound {
    readonly bound?: never;
  }
  export type ColumnValue = string | Integer | number | boolean | Uint8Array;

  export interface Row {
    primaryKey: { name: string; value: string | Integer }[];
    attributes: { columnName: string; columnValue: ColumnValue; timestamp: Integer }[];
  }
  export type RowOrNothing = Row | { primaryKey?: undefined; attributes?: undefined };

  export interface Condition {
    readonly rowExistenceExpectation: number;
  }
  export interface PutInBatch {
    type: 'PUT';
    condition: Condition;
    primaryKey: KeyColumn[];
    attributeColumns: Column<ColumnValue>[];
  }
  export interface DeleteInBatch {
    type: 'DELETE';
    condition: Condition;
    primaryKey: KeyColumn[];
  }
  export interface RangeRequest {
    tableName: string;
    direction: 'FORWARD' | 'BACKWARD';
    inclusiveStartPrimaryKey: KeyColumn[];
    exclusiveEndPrimaryKey: KeyColumn[];
    columnsToGet?: string[];
    limit?: number;
  }
  export interface TableOptions {
    /** Seconds; -1 keeps for ever. */
    timeToLive: number;
    maxVersions: number;
  }

  export interface Client {
    createTable(request: {
      tableMeta: { tableName: string; primaryKey: { name: string; type: 'INTEGER' | 'STRING' | 'BINARY' }[] };
      reservedThroughput: { capacityUnit: { read: number; write: number } };
      tableOptions: TableOptions;
    }): Promise<unknown>;
    updateTable(request: { tableName: string; tableOptions: TableOptions }): Promise<unknown>;
    describeTable(request: { tableName: string }): Promise<{
      tableMeta: { tableName: string; primaryKey: { name: string; type: number }[] };
      tableOptions: TableOptions;
    }>;
    listTable(request: Record<string, never>): Promise<{ tableNames: string[] }>;
    putRow(request: {
      tableName: string;
      condition: Condition;
      primaryKey: KeyColumn[];
      attributeColumns: Column<ColumnValue>[];
    }): Promise<unknown>;
    deleteRow(request: { tableName: string; condition: Condition; primaryKey: KeyColumn[] }): Promise<unknown>;
    batchWriteRow(request: {
      tables: { tableName: string; rows: (PutInBatch | DeleteInBatch)[] }[];
    }): Promise<{ tables: { isOk: boolean; errorCode: string | null; errorMessage: string | null }[] }>;
    getRow(request: { tableName: string; primaryKey: KeyColumn[]; columnsToGet?: string[] }): Promise<{
      row: RowOrNothing;
    }>;
    getRange(request: RangeRequest): Promise<{ rows: Row[]; nextStartPrimaryKey: Row['primaryKey'] | null }>;
  }

  export interface Configuration {
    endpoint: string;
    instancename: string;
    accessKeyId: string;
    accessKeySecret: string;
    securityToken?: string;
    maxRetries: number;
    /** `timeout`: milliseconds without traffic. */
    httpOptions?: { timeout: number };
  }

  const sdk: {
    Client: new (configuration: Configuration) => Client;
    Condition: new (rowExistenceExpectation: number, columnCondition: null) => Condition;
    RowExistenceExpectation: { IGNORE: number; EXPECT_EXIST: number; EXPECT_NOT_EXIST: number };
    Long: { fromNumber(value: number): Integer; fromString(value: string): Integer };
    INF_MIN: Bound;
    INF_MAX: Bound;
  };
  export default sdk;
}
