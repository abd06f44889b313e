/* proto/protocol.h - the numbers of the CQL native protocol, version 4.
 *
 * Source: native_protocol_v4.spec of Apache Cassandra.  Numbers only; what a
 * message looks like is told where it is encoded or decoded. */
#ifndef CQL_PROTOCOL_H
#define CQL_PROTOCOL_H

enum cql_version {
  CQL_V4_REQUEST = 0x04,
  CQL_V4_RESPONSE = 0x84,
};

enum cql_opcode {
  CQL_OP_ERROR = 0x00,
  CQL_OP_STARTUP = 0x01,
  CQL_OP_READY = 0x02,
  CQL_OP_AUTHENTICATE = 0x03,
  CQL_OP_OPTIONS = 0x05,
  CQL_OP_SUPPORTED = 0x06,
  CQL_OP_QUERY = 0x07,
  CQL_OP_RESULT = 0x08,
  CQL_OP_PREPARE = 0x09,
  CQL_OP_EXECUTE = 0x0a,
  CQL_OP_REGISTER = 0x0b,
  CQL_OP_EVENT = 0x0c,
  CQL_OP_BATCH = 0x0d,
  CQL_OP_AUTH_CHALLENGE = 0x0e,
  CQL_OP_AUTH_RESPONSE = 0x0f,
  CQL_OP_AUTH_SUCCESS = 0x10,
};

/* Header flags (section 2.2). */
enum cql_header_flag {
  CQL_FLAG_COMPRESSED = 0x01,
  CQL_FLAG_TRACING = 0x02,
  CQL_FLAG_CUSTOM_PAYLOAD = 0x04,
  CQL_FLAG_WARNING = 0x08,
};

enum cql_consistency {
  CQL_ANY = 0x0000,
  CQL_ONE = 0x0001,
  CQL_TWO = 0x0002,
  CQL_THREE = 0x0003,
  CQL_QUORUM = 0x0004,
  CQL_ALL = 0x0005,
  CQL_LOCAL_QUORUM = 0x0006,
  CQL_EACH_QUORUM = 0x0007,
  CQL_SERIAL = 0x0008,
  CQL_LOCAL_SERIAL = 0x0009,
  CQL_LOCAL_ONE = 0x000a,
};

/* Query-parameter flags (section 4.1.4). */
enum cql_query_flag {
  CQL_QUERY_VALUES = 0x01,
  CQL_QUERY_SKIP_METADATA = 0x02,
  CQL_QUERY_PAGE_SIZE = 0x04,
  CQL_QUERY_PAGING_STATE = 0x08,
  CQL_QUERY_SERIAL_CONSISTENCY = 0x10,
  CQL_QUERY_DEFAULT_TIMESTAMP = 0x20,
  CQL_QUERY_NAMES_FOR_VALUES = 0x40,
};

enum cql_batch_type {
  CQL_BATCH_LOGGED = 0,
  CQL_BATCH_UNLOGGED = 1,
  CQL_BATCH_COUNTER = 2,
};

enum cql_result_kind {
  CQL_RESULT_VOID = 1,
  CQL_RESULT_ROWS = 2,
  CQL_RESULT_SET_KEYSPACE = 3,
  CQL_RESULT_PREPARED = 4,
  CQL_RESULT_SCHEMA_CHANGE = 5,
};

/* Metadata flags of Rows and Prepared (section 4.2.5.2). */
enum cql_metadata_flag {
  CQL_METADATA_GLOBAL_TABLES_SPEC = 0x01,
  CQL_METADATA_HAS_MORE_PAGES = 0x02,
  CQL_METADATA_NO_METADATA = 0x04,
};

enum cql_error_code {
  CQL_ERROR_SERVER = 0x0000,
  CQL_ERROR_PROTOCOL = 0x000a,
  CQL_ERROR_BAD_CREDENTIALS = 0x0100,
  CQL_ERROR_UNAVAILABLE = 0x1000,
  CQL_ERROR_OVERLOADED = 0x1001,
  CQL_ERROR_IS_BOOTSTRAPPING = 0x1002,
  CQL_ERROR_TRUNCATE = 0x1003,
  CQL_ERROR_WRITE_TIMEOUT = 0x1100,
  CQL_ERROR_READ_TIMEOUT = 0x1200,
  CQL_ERROR_READ_FAILURE = 0x1300,
  CQL_ERROR_FUNCTION_FAILURE = 0x1400,
  CQL_ERROR_WRITE_FAILURE = 0x1500,
  CQL_ERROR_CDC_WRITE_FAILURE = 0x1600,
  CQL_ERROR_CAS_WRITE_UNKNOWN = 0x1700,
  CQL_ERROR_SYNTAX = 0x2000,
  CQL_ERROR_UNAUTHORIZED = 0x2100,
  CQL_ERROR_INVALID = 0x2200,
  CQL_ERROR_CONFIG = 0x2300,
  CQL_ERROR_ALREADY_EXISTS = 0x2400,
  CQL_ERROR_UNPREPARED = 0x2500,
};

/* Type option ids (section 4.2.5.2, "[option]"). */
enum cql_type_id {
  CQL_TYPE_CUSTOM = 0x0000,
  CQL_TYPE_ASCII = 0x0001,
  CQL_TYPE_BIGINT = 0x0002,
  CQL_TYPE_BLOB = 0x0003,
  CQL_TYPE_BOOLEAN = 0x0004,
  CQL_TYPE_COUNTER = 0x0005,
  CQL_TYPE_DECIMAL = 0x0006,
  CQL_TYPE_DOUBLE = 0x0007,
  CQL_TYPE_FLOAT = 0x0008,
  CQL_TYPE_INT = 0x0009,
  CQL_TYPE_TIMESTAMP = 0x000b,
  CQL_TYPE_UUID = 0x000c,
  CQL_TYPE_TEXT = 0x000d, /* "varchar" in the specification */
  CQL_TYPE_VARINT = 0x000e,
  CQL_TYPE_TIMEUUID = 0x000f,
  CQL_TYPE_INET = 0x0010,
  CQL_TYPE_DATE = 0x0011,
  CQL_TYPE_TIME = 0x0012,
  CQL_TYPE_SMALLINT = 0x0013,
  CQL_TYPE_TINYINT = 0x0014,
  CQL_TYPE_DURATION = 0x0015, /* v5 id; on v4 it arrives as custom */
  CQL_TYPE_LIST = 0x0020,
  CQL_TYPE_MAP = 0x0021,
  CQL_TYPE_SET = 0x0022,
  CQL_TYPE_UDT = 0x0030,
  CQL_TYPE_TUPLE = 0x0031,
};

/* What every function of proto/ that can fail returns. */
enum cql_rc {
  CQL_OK = 0,
  CQL_MORE = 1,      /* not enough bytes yet: call again with more */
  CQL_END = 2,       /* an iterator has nothing left */
  CQL_EVERSION = -1, /* first byte is not 0x84 */
  CQL_ELENGTH = -2,  /* a length is negative, or above a cap */
  CQL_ESHORT = -3,   /* a field reaches beyond the message */
  CQL_EDEPTH = -4,   /* a type is nested too deeply */
  CQL_ESIZE = -5,    /* a value has the wrong number of bytes for its type */
  CQL_ERANGE = -6,   /* a value is outside what its type may hold */
};

#endif
